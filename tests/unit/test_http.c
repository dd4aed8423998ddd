/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses, and a stream that cannot even begin. What needs a server is in tests/system.
 */
#include "gateway/http/stream.h"
#include "gateway/http/url.h"

#include <check.h>
#include <stdlib.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

static const struct query_row {
	const char *base, *value, *want; /* NULL = refused */
} query_rows[] = {
	{"https://h/v1/reads", "c-1", "https://h/v1/reads?after=c-1"},
	{"https://h:8441/v1/reads?site=4", "c-1", "https://h:8441/v1/reads?site=4&after=c-1"},
	{"https://h/r", "a b+c&d=e#f%", "https://h/r?after=a%20b%2bc%26d%3de%23f%25"},
	{"https://h/r", "\xc3\xbc/?", "https://h/r?after=%c3%bc%2f%3f"},
	{"https://[::1]:1/r", "c", "https://[::1]:1/r?after=c"},
	{"https://h/r", "", NULL},
	{"http://h/r", "c", NULL},
	{"HTTP://h/r", "c", NULL},
	{"ftp://h/r", "c", NULL},
	{"file:///etc/passwd", "c", NULL},
	{"https://user@h/r", "c", NULL},
	{"https://user:word@h/r", "c", NULL},
	{"https://", "c", NULL},
	{"h/r", "c", NULL},
	{"", "c", NULL},
	{"https://h:99999/r", "c", NULL},
	{"https://h /r", "c", NULL},
};

START_TEST(queries)
{
	const struct query_row *row = &query_rows[_i];
	struct buffer out = {0};
	struct status s = url_with_query(row->base, "after", span_text(row->value), &out);

	ck_assert_msg(s.kind == (row->want ? STATUS_OK : STATUS_BAD_INPUT), "%s", row->base);
	if (row->want)
		ck_assert_str_eq(buffer_text(&out), row->want);
	buffer_free(&out);
}
END_TEST

static const struct path_row {
	const char *base, *path, *want;
} path_rows[] = {
	{"https://gw:8443", "/v1/status", "https://gw:8443/v1/status"},
	{"https://gw:8443/", "/v1/reports?from=2026-11-01&to=2026-11-30",
		"https://gw:8443/v1/reports?from=2026-11-01&to=2026-11-30"},
	{"https://gw:8443/behind/a/proxy", "/v1/status", "https://gw:8443/v1/status"},
	{"http://gw", "/v1/status", NULL},
	{"https://gw", "v1/status", NULL},
	{"https://gw", "//other/v1/status", NULL},
	{"https://gw", "https://other/v1/status", NULL},
};

START_TEST(paths)
{
	const struct path_row *row = &path_rows[_i];
	struct buffer out = {0};
	struct status s = url_with_path(row->base, row->path, &out);

	ck_assert_msg(s.kind == (row->want ? STATUS_OK : STATUS_BAD_INPUT), "%s %s", row->base, row->path);
	if (row->want)
		ck_assert_str_eq(buffer_text(&out), row->want);
	buffer_free(&out);
}
END_TEST

static bool never_began(void *self, const char *content_type)
{
	(void)self;
	(void)content_type;
	ck_abort_msg("it began");
	return false;
}

static bool never_body(void *self, struct span bytes)
{
	(void)self;
	(void)bytes;
	ck_abort_msg("a body came");
	return false;
}

static const struct stream_events nothing = {never_began, never_body, NULL};

static enum stream_state outcome(const struct http_tls *tls, const char *url)
{
	struct stream *s = stream_new(tls, &nothing);
	enum stream_state state;

	stream_start(s, url, "text/plain", NULL);
	for (int i = 0; stream_state(s) == STREAM_RUNNING && i < 100; i++) {
		ck_assert(ok(stream_wait(s, NULL, 0, 100, false)));
		stream_drive(s);
	}
	state = stream_state(s);
	stream_free(s);
	return state;
}

/* Nobody to trust must never come to mean everybody. */
START_TEST(no_stream_without_trust)
{
	ck_assert_int_eq(outcome(&(struct http_tls){0}, "https://127.0.0.1:9/"), STREAM_OWN_KEY);
}
END_TEST

START_TEST(no_stream_but_https)
{
	struct http_tls tls = {.ca = span_text("nonsense")};

	ck_assert_int_eq(outcome(&tls, "http://127.0.0.1:9/"), STREAM_BAD_URL);
	ck_assert_int_eq(outcome(&tls, "file:///etc/hostname"), STREAM_BAD_URL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http");
	TCase *c = tcase_create("http");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(c, queries, 0, ROWS(query_rows));
	tcase_add_loop_test(c, paths, 0, ROWS(path_rows));
	tcase_add_test(c, no_stream_without_trust);
	tcase_add_test(c, no_stream_but_https);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

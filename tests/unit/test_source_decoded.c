/* SPDX-License-Identifier: Apache-2.0
 *
 * A decoder's sink that writes down what it is handed, for tables of bytes and words.
 */
#include "tests/unit/test_source.h"

#include <stdlib.h>

static struct buffer told, whole;

static void on_read(void *self, const struct read *r)
{
	enum rejection why;

	(void)self;
	ck_assert(ok(read_validate(r, &why)));
	ck_assert(ok(buffer_format(
		&told, "+%.*s:%.*s", SPAN_ARG(r->cursor), SPAN_ARG(r->vrm.n > 0 ? r->vrm : r->tag))));
	if (r->plate_patch.n > 0 || r->overview.n > 0)
		ck_assert(ok(buffer_format(&told, "!%zu!%zu", r->plate_patch.n, r->overview.n)));
	ck_assert(ok(buffer_append_text(&told, " ")));
}

static void on_rejected(void *self, enum rejection why, struct span cursor)
{
	(void)self;
	ck_assert(cursor_is_good(cursor));
	ck_assert(ok(buffer_format(&told, "-%s:%.*s ", rejection_name(why), SPAN_ARG(cursor))));
}

static void on_heartbeat(void *self)
{
	(void)self;
	ck_assert(ok(buffer_append_text(&told, "h ")));
}

static void feed_pieces(struct decoder *d, struct span bytes, size_t piece)
{
	for (size_t at = 0; at < bytes.n; at += piece) {
		size_t n = bytes.n - at < piece ? bytes.n - at : piece;
		uint8_t *exact = malloc(n); /* so that a read beyond it is seen */
		struct status fed;

		memcpy(exact, bytes.p + at, n);
		fed = decoder_feed(d, span_of(exact, n));
		free(exact);
		if (ok(fed))
			continue;
		ck_assert_int_eq(fed.kind, STATUS_BAD_INPUT);
		ck_assert(ok(buffer_append_text(&told, "broken")));
		return;
	}
}

const char *decoded(enum decode_format format, struct span bytes)
{
	static const struct decode_sink sink = {on_read, on_rejected, on_heartbeat, NULL};
	static const size_t pieces[] = {1, 2, 3, 5, 1000, 16384};

	for (size_t i = 0; i <= sizeof pieces / sizeof *pieces; i++) {
		struct decoder *d;

		if (i > 0 && bytes.n / pieces[i - 1] > 10000)
			continue; /* minutes under a sanitizer, and nothing new */
		d = decoder_new(format, &sink);
		ck_assert_ptr_nonnull(d);
		told.n = 0;
		feed_pieces(d, bytes, i == 0 ? bytes.n + 1 : pieces[i - 1]);
		decoder_free(d);
		if (i == 0) {
			whole.n = 0;
			ck_assert(ok(buffer_append(&whole, buffer_span(&told))));
		}
		ck_assert_msg(span_equal(buffer_span(&told), buffer_span(&whole)), "by %zu: %s, not %s",
			pieces[i - 1], buffer_text(&told), buffer_text(&whole));
	}
	return buffer_text(&whole);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl try: a draft decides live reads beside the real policy for a while, and is counted. The trial lives
 * in the gateway as long as this asks after it.
 */
#include "gateway/ctl/try.h"
#include "gateway/base/clock.h"
#include "gateway/base/file.h"

#include "gateway/ctl/client.h"
#include "gateway/ctl/document.h"
#include "gateway/ctl/screen.h"
#include "gateway/text/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FOR_MAX_MS    (INT64_C(24) * 3600 * 1000)
#define LOOK_EVERY_MS 1000
#define LOOK_MS       2000
#define LOST_MS       12000 /* the gateway gives up after 15 s without a look */
#define CAMERAS_SHOWN 20

static void number_add(struct table *t, const json_t *object, const char *key)
{
	table_format(t, "%llu", (unsigned long long)json_number(object, key));
}

static void outcomes_add(struct table *t, const json_t *counts)
{
	number_add(t, counts, "reads");
	number_add(t, counts, "both");
	number_add(t, counts, "only_draft");
	number_add(t, counts, "only_today");
	number_add(t, counts, "neither");
}

static void places_show(const json_t *list, const char *what, size_t most)
{
	const char *const headings[] = {
		what, "reads", "shared by both", "only by the draft", "only today", "by neither", NULL};
	struct table t;
	const json_t *one;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(list, i, one)
	{
		const char *name = json_text(one, what);

		if (i == most)
			break;
		table_add(&t, *name ? name : "(unregistered)");
		outcomes_add(&t, one);
	}
	putchar('\n');
	table_end(&t, "No reads came.");
	if (json_array_size(list) > most)
		printf("and %zu more: --json has them all\n", json_array_size(list) - most);
}

static void grounds_show(const json_t *view)
{
	const json_t *one, *count;
	const char *reason;
	size_t i;

	putchar('\n');
	json_array_foreach(json_object_get(view, "rules"), i, one) print_field("rule", "%s would share %llu",
		json_text(one, "rule"), (unsigned long long)json_number(one, "shared"));
	json_object_foreach((json_t *)json_object_get(view, "reasons"), reason, count)
		print_field("denied", "%lld as %s", (long long)json_integer_value(count), reason);
}

static unsigned long long draft_shares(const json_t *view)
{
	return (unsigned long long)json_number(view, "both") + json_number(view, "only_draft");
}

void trial_print(const json_t *view)
{
	printf("%sOf %llu reads of %s%s the draft %s would have shared %llu; %llu were shared.\n",
		colours()->bold, (unsigned long long)json_number(view, "reads"), json_text(view, "partner"),
		colours()->plain, json_text(view, "draft"), draft_shares(view),
		(unsigned long long)json_number(view, "both") + json_number(view, "only_today"));
	print_field("both", "%llu", (unsigned long long)json_number(view, "both"));
	print_field("only draft", "%llu", (unsigned long long)json_number(view, "only_draft"));
	print_field("only today", "%llu", (unsigned long long)json_number(view, "only_today"));
	print_field("neither", "%llu", (unsigned long long)json_number(view, "neither"));
	grounds_show(view);
}

static void result_show(const json_t *view)
{
	trial_print(view);
	places_show(json_object_get(view, "hours"), "hour", 26);
	places_show(json_object_get(view, "cameras"), "camera", CAMERAS_SHOWN);
	if (json_is_false(json_object_get(view, "complete")))
		puts("Not all reads could be counted.");
	if (json_number(view, "reads") == 0 && !json_is_true(json_object_get(view, "connects")))
		puts("Where nothing of a partner is shared it is not connected; only a trial of its own body "
		     "connects "
		     "it.");
}

static void progress_show(const json_t *view, int64_t left_ms)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%lld s left: %llu reads, %llu would be shared ",
			(long long)((left_ms + 999) / 1000), (unsigned long long)json_number(view, "reads"),
			draft_shares(view));
}

/* The newest view of it; NULL: nobody has answered for so long that it is over. */
static json_t *look(const struct options *o, const struct credentials *c, const char *path)
{
	int64_t until = clock_monotonic_ms() + LOST_MS;
	json_t *view = NULL;

	while (!view && clock_monotonic_ms() < until) {
		view = client_peek(o, c, path, LOOK_MS);
		if (!view)
			clock_sleep_ms(LOOK_EVERY_MS);
	}
	return view;
}

/* Ask until it is over; *view is the last answer. */
static enum exit_code follow(
	const struct options *o, const struct credentials *c, json_t **view, int64_t for_ms)
{
	char *path = client_path("/v1/trials", "id", json_text(*view, "trial"), NULL);
	int64_t end = clock_monotonic_ms() + for_ms;

	while (*view && strcmp(json_text(*view, "state"), "running") == 0) {
		int64_t left = end - clock_monotonic_ms();

		progress_show(*view, left > 0 ? left : 0);
		clock_sleep_ms(left > 0 && left < LOOK_EVERY_MS ? left + 100 : LOOK_EVERY_MS);
		json_decref(*view);
		*view = look(o, c, path);
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\33[K", stderr);
	free(path);
	if (*view)
		return DONE;
	return fail(o, REFUSED,
		"the trial is lost: the gateway does not answer for it any more. It lives in the gateway's "
		"core, "
		"and ends with it; nothing of it is kept. Start it again");
}

static enum exit_code show(const struct options *o, const json_t *view)
{
	if (strcmp(json_text(view, "state"), "done") != 0)
		return fail(o, REFUSED, "the trial ended before its time: nobody asked after it for a while");
	if (o->json)
		return json_show(view);
	result_show(view);
	return DONE;
}

static enum exit_code watch(const struct options *o, json_t **view, int64_t for_ms)
{
	struct credentials c = {0};
	enum exit_code code = credentials_read(o, &c);

	if (code == DONE)
		code = follow(o, &c, view, for_ms);
	credentials_free(&c);
	return code;
}

static enum exit_code run(const struct options *o, const struct document *d, int64_t for_ms)
{
	bool is_register = d->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER;
	char period[24], *path;
	json_t *view = NULL;
	enum exit_code code;

	if (is_register && !o->partner)
		return fail(o, USAGE, "whose register is it? --partner P");
	snprintf(period, sizeof period, "%lld", (long long)for_ms);
	path = client_path("/v1/trials", "for", period, "name", d->name, "partner",
		is_register ? o->partner : NULL, NULL);
	code = client_post(o, path, "text/plain", buffer_span(&d->text), &view);
	if (code == DONE)
		code = watch(o, &view, for_ms);
	if (code == DONE)
		code = show(o, view);
	json_decref(view);
	free(path);
	return code;
}

static enum exit_code try_draft(struct options *o)
{
	struct document d = {0};
	enum exit_code code;
	int64_t for_ms;

	if (!o->period || !duration_take(span_text(o->period), &for_ms) || for_ms < 1000 ||
		for_ms > FOR_MAX_MS)
		return fail(o, USAGE, "for how long? --for 10m; a second to a day");
	code = document_read(o, o->arguments[0], &d);
	if (code == DONE)
		code = run(o, &d, for_ms);
	document_free(&d);
	return code;
}

static const struct option_row try_options[] = {
	OPTION(OPTION_TEXT, "for", "PERIOD", "how long: 90s, 10m, up to 24h", period),
	OPTION(OPTION_TEXT, "partner", "P", "whose register it is (registers only)", partner),
	{0},
};

const struct verb verb_try = {
	.name = "try",
	.arguments = "FILE --for PERIOD [--partner P]",
	.summary = "count what a draft would share of the reads that come, sharing nothing",
	.help = "Runs a draft agreement or register beside the real policy on the partner's live reads, and "
		"counts by\n"
		"camera, rule, hour and reason what it would share, and how that differs from today. Nothing "
		"of it is\n"
		"shared, no read is kept. An agreement is taken alone, as begun and on on both sides; a "
		"register takes\n"
		"the place of today's, all else as it is.\n"
		"\n"
		"  anprctl try tfl-mps.yaml --for 10m\n"
		"  anprctl try cameras.csv --partner tfl-ulez --for 1h --json > trial.json\n"
		"\n"
		"A policy-admin or controller may of a body that the draft names, or of the partner. Where "
		"nothing of\n"
		"the partner is shared it is not connected, so nothing comes to be counted: a trial of the "
		"partner's\n"
		"own body has it connected meanwhile, as it alone may, and its reads are denied and counted "
		"as ever.\n"
		"It ends when its time is up or this ends. One trial at a time on a node.\n",
	.options = try_options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {connection_options},
	.run = try_draft,
};

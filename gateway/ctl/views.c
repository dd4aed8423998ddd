/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl agreements, readers, cameras, history: what the gateway shows, as tables. The JSON is documented
 * where it is made (gateway/governance/view.c).
 */
#include "gateway/ctl/client.h"
#include "gateway/ctl/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void show_fn(const json_t *view);

static enum exit_code view(const struct options *o, const char *path, show_fn *show)
{
	json_t *json = NULL;
	enum exit_code code = client_get(o, path, &json);

	if (code == DONE && o->json)
		code = json_show(json);
	else if (code == DONE)
		show(json);
	json_decref(json);
	return code;
}

static void list_add(struct table *t, const json_t *array)
{
	char *text = json_list(array);

	table_add(t, text);
	free(text);
}

static void agreements_show(const json_t *view)
{
	static const char *const headings[] = {"agreement", "state", "partner", "to", "topic", "until",
		"cameras", "shares", "consents", NULL};
	struct table t;
	const json_t *a;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(view, i, a)
	{
		table_add(&t, json_text(a, "id"));
		table_add(&t, json_text(a, "state"));
		table_add(&t, json_text(a, "partner"));
		table_add(&t, json_text(a, "recipient"));
		table_add(&t, json_text(a, "topic"));
		table_add(&t, TIME_SHORT(json_object_get(a, "valid"), "until"));
		table_format(&t, "%llu", (unsigned long long)json_number(a, "cameras"));
		list_add(&t, json_object_get(a, "share"));
		list_add(&t, json_object_get(a, "consents"));
	}
	table_end(&t, "Nothing is agreed, so nothing is shared.");
}

static void cameras_show(const json_t *view)
{
	static const char *const headings[] = {
		"camera", "state", "shared", "why not", "road", "area", "name", NULL};
	struct table t;
	const json_t *c;
	size_t i, on = 0;

	table_begin(&t, headings);
	json_array_foreach(view, i, c)
	{
		bool shared = json_is_true(json_object_get(c, "on"));
		on += shared;
		table_add(&t, json_text(c, "camera_id"));
		table_add(&t, json_text(c, "state"));
		table_add(&t, shared ? "yes" : "no");
		table_add(&t, json_text(c, "reason"));
		table_add(&t, json_text(c, "road"));
		table_add(&t, json_text(c, "area"));
		table_add(&t, json_text(c, "name"));
	}
	table_end(&t, "No camera is registered: anprctl propose FILE.csv --partner PARTNER");
	if (i > 0)
		printf("\n%zu of %zu cameras are shared now.\n", on, i);
}

static void history_show(const json_t *view)
{
	static const char *const headings[] = {
		"entry", "time", "who", "did", "partner", "reason", "enforced", "effect", NULL};
	struct table t;
	const json_t *h;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(view, i, h)
	{
		const json_t *who = json_object_get(h, "who");
		char *partners = json_list(json_object_get(h, "partners"));
		table_format(&t, "%llu", (unsigned long long)json_number(h, "number"));
		table_add(&t, TIME_SHORT(h, "time"));
		if (json_is_object(who))
			table_format(&t, "%s, %s%s", json_text(who, "subject"),
				json_text(who, "organisation"),
				*json_text(h, "certificate") ? " (not signed)" : "");
		else
			table_format(&t, "(%s)", json_text(h, "node"));
		table_add(&t, json_text(h, "action"));
		table_add(&t, partners);
		table_add(&t, json_text(h, "reason"));
		if (json_number(h, "enforced_by"))
			table_format(&t, "by %llu", (unsigned long long)json_number(h, "enforced_by"));
		else
			table_add(&t, json_is_true(json_object_get(h, "fences")) ? "NOT YET" : NULL);
		table_add(&t, json_text(h, "effect"));
		free(partners);
	}
	table_end(&t, "Nothing there.");
}

static void readers_add(struct table *t, const json_t *topic)
{
	const json_t *r;
	size_t i;

	json_array_foreach(json_object_get(topic, "readers"), i, r)
	{
		table_add(t, json_text(topic, "topic"));
		table_add(t, json_text(r, "principal"));
		table_add(t, json_text(r, "permission"));
		table_format(t, "%s%s", json_text(r, "name"),
			strcmp(json_text(r, "pattern"), "prefixed") == 0 ? "*" : "");
		table_add(t, json_text(r, "host"));
		list_add(t, json_object_get(r, "groups"));
		list_add(t, json_object_get(r, "agreements"));
	}
}

static void readers_show(const json_t *view)
{
	static const char *const headings[] = {
		"topic", "who", "right", "given on", "from", "groups", "named by", NULL};
	char *super_users = json_list(json_object_get(view, "super_users"));
	struct table t;
	const json_t *topic;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(json_object_get(view, "topics"), i, topic) readers_add(&t, topic);
	table_end(&t, "No right to read is known.");
	printf("\nSuper users may read everything; declared: %s.\n", *super_users ? super_users : "none");
	if (json_is_true(json_object_get(view, "known")))
		printf("Told by the brokers at %s.\n", json_text(view, "looked_at"));
	else
		printf("IT IS NOT KNOWN who can read now: %s. The table is as of %s.\n",
			json_text(view, "why"),
			*json_text(view, "looked_at") ? json_text(view, "looked_at") : "never");
	free(super_users);
}

static enum exit_code readers(struct options *o)
{
	return view(o, "/v1/readers", readers_show);
}

static enum exit_code agreements(struct options *o)
{
	return view(o, "/v1/agreements", agreements_show);
}

/* A number, or "-" for none: what matters is to stand out. */
static void count_add(struct table *t, const json_t *object, const char *name)
{
	unsigned long long n = json_number(object, name);

	if (n)
		table_format(t, "%llu", n);
	else
		table_add(t, NULL);
}

static void quality_show(const json_t *view)
{
	static const char *const headings[] = {"camera", "reads", "shared", "low conf.", "no conf.",
		"position", "format", "repeats", "misreads", "clock", NULL};
	static const char *const counts[] = {"received", "permitted", "low_confidence", "no_confidence",
		"position_mismatches", "unknown_formats", "repeats", "misread_suspects"};
	struct table t;
	const json_t *c;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(json_object_get(view, "cameras"), i, c)
	{
		const json_t *offset = json_object_get(c, "clock_offset_ms");

		table_add(&t, *json_text(c, "camera_id") ? json_text(c, "camera_id") : "(unregistered)");
		for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
			count_add(&t, c, counts[k]);
		if (json_is_integer(offset))
			table_format(&t, "%+.1f s", (double)json_integer_value(offset) / 1000);
		else
			table_add(&t, NULL);
	}
	table_end(&t, "No reads in this hour.");
	if (i > 0)
		printf("\nSince %s. Clock: by how much reads arrive after they were captured, at the least; "
		       "below 0 the camera is ahead.\n",
			json_text(view, "hour"));
}

static enum exit_code cameras(struct options *o)
{
	char *path =
		client_path(o->quality ? "/v1/quality" : "/v1/cameras", "partner", o->arguments[0], NULL);
	enum exit_code code = view(o, path, o->quality ? quality_show : cameras_show);

	free(path);
	return code;
}

static enum exit_code history(struct options *o)
{
	char *path = client_path("/v1/history", "partner", o->partner, "since", o->since, NULL);
	enum exit_code code = view(o, path, history_show);

	free(path);
	return code;
}

const struct verb verb_agreements = {
	.name = "agreements",
	.arguments = "",
	.summary = "what is agreed, with whom, until when",
	.help = "Lists agreements: in force, to come, ended.\n"
		"\n"
		"  anprctl agreements\n"
		"  anprctl agreements --json\n",
	.common = {connection_options},
	.run = agreements,
};

const struct verb verb_readers = {
	.name = "readers",
	.arguments = "",
	.summary = "who can read each police topic now",
	.help = "Lists the brokers' rights to read each topic that reads go to, as the node asked last found "
		"them, and\n"
		"which agreements in force name the reader. A denial wins over what is allowed; super users, "
		"whom\n"
		"Kafka does not disclose, may read everything.\n"
		"\n"
		"  anprctl readers\n"
		"  anprctl readers --json\n",
	.common = {connection_options},
	.run = readers,
};

static const struct option_row cameras_options[] = {
	OPTION(OPTION_FLAG, "quality", NULL, "figures of this hour by camera instead: misreads, clocks, ...",
		quality),
	{0},
};

const struct verb verb_cameras = {
	.name = "cameras",
	.arguments = "PARTNER [--quality]",
	.summary = "a partner's cameras, which are shared now, and how good their reads are",
	.options = cameras_options,
	.help = "Lists the cameras of a partner's register, whether a read captured there now would be "
		"shared, and if\n"
		"not, why not.\n"
		"\n"
		"With --quality: what was noticed about each camera's reads in the clock hour under way.\n"
		"\n"
		"  anprctl cameras tfl-ulez\n"
		"  anprctl cameras tfl-ulez --quality\n",
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {connection_options},
	.run = cameras,
};

static const struct option_row history_options[] = {
	OPTION(OPTION_TEXT, "partner", "P", "only what concerns this partner", partner),
	OPTION(OPTION_TEXT, "since", "TIME", "only from then on, such as 2026-11-01T00:00:00Z", since),
	{0},
};

const struct verb verb_history = {
	.name = "history",
	.arguments = "[--partner P] [--since TIME]",
	.summary = "what was decided, by whom, when and why",
	.help = "Shows the journal: every decision with its entry's number, and by which entry it was "
		"enforced.\n"
		"\n"
		"  anprctl history\n"
		"  anprctl history --partner tfl-ulez --since 2026-11-01T00:00:00Z\n",
	.options = history_options,
	.common = {connection_options},
	.run = history,
};

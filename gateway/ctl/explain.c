/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl explain: would a read then and there have been shared, under what, by whose decision. The gateway
 * answers (gateway/governance/view_explain.c); here it is put in words.
 */
#include "gateway/ctl/client.h"
#include "gateway/ctl/screen.h"

#include <stdio.h>
#include <stdlib.h>

static void headline(const json_t *view)
{
	bool shared = json_is_true(json_object_get(view, "shared"));
	const char *camera = json_text(view, "camera"), *id = json_text(view, "camera_id");

	printf("%s%s%s ", shared ? colours()->good : colours()->bad, shared ? "Shared." : "Not shared.",
		colours()->plain);
	if (shared)
		printf("This would have gone to the police:\n\n");
	else
		printf("This would have left a count and nothing else, as %s:\n\n",
			json_text(view, "reason"));
	print_field("what", "%s of a read of kind %s", json_text(view, "class"), json_text(view, "kind"));
	print_field("camera", "%s of %s%s%s", camera, json_text(view, "partner"),
		!*id                      ? ", in no register then"
		: strcmp(id, camera) == 0 ? ""
					  : ", which is ",
		strcmp(id, camera) == 0 ? "" : id);
	print_field("captured", "%s", json_text(view, "captured"));
	print_field("published", "%s, under policy version %llu", json_text(view, "published"),
		(unsigned long long)json_number(view, "policy_version"));
}

static void decided_show(const json_t *list)
{
	static const char *const headings[] = {"entry", "time", "who", "did", "reason", NULL};
	struct table t;
	const json_t *one;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(list, i, one)
	{
		const json_t *who = json_object_get(one, "who");

		table_format(&t, "%llu", (unsigned long long)json_number(one, "entry"));
		table_add(&t, TIME_SHORT(one, "time"));
		if (json_is_object(who))
			table_format(&t, "%s, %s", json_text(who, "subject"), json_text(who, "organisation"));
		else
			table_format(&t, "(%s)", json_text(one, "node"));
		table_add(&t, json_text(one, "did"));
		table_add(&t, json_text(one, "reason"));
	}
	table_end(&t, "No entry of the journal: it follows from the agreement's text.");
}

static void agreement_show(const json_t *a)
{
	bool shared = json_is_true(json_object_get(a, "shared"));

	printf("\n%s%s%s, to %s of %s: %s\n", colours()->bold, json_text(a, "agreement"), colours()->plain,
		json_text(a, "topic"), json_text(a, "recipient"), shared ? "shared" : json_text(a, "reason"));
	print_field("because", "%s", json_text(a, "because"));
	putchar('\n');
	decided_show(json_object_get(a, "decided_by"));
}

static enum exit_code explain(struct options *o)
{
	char *path =
		client_path("/v1/explain", "partner", o->arguments[0], "camera", o->arguments[1], "captured",
			o->arguments[2], "kind", o->kind, "class", o->class, "published", o->published, NULL);
	json_t *view = NULL;
	const json_t *one;
	enum exit_code code = client_get(o, path, &view);
	size_t i;

	if (code == DONE && o->json) {
		code = json_show(view);
	} else if (code == DONE) {
		headline(view);
		json_array_foreach(json_object_get(view, "agreements"), i, one) agreement_show(one);
		if (json_array_size(json_object_get(view, "agreements")) == 0)
			puts("\nNothing has ever been agreed with this partner.");
	}
	json_decref(view);
	free(path);
	return code;
}

static const struct option_row explain_options[] = {
	OPTION(OPTION_TEXT, "kind", "K", "vrm (as without it), hashed_tag or no_plate", kind),
	OPTION(OPTION_TEXT, "class", "C", "read (as without it), plate_patch or overview", class),
	OPTION(OPTION_TEXT, "published", "TIME", "when it came and was to be published; else right after",
		published),
	{0},
};

const struct verb verb_explain = {
	.name = "explain",
	.arguments = "PARTNER CAMERA TIME",
	.summary = "would a read then and there have been shared, under what, by whose decision",
	.help = "Answers, for any time the journal covers, whether a read captured at CAMERA at TIME would "
		"have "
		"been\n"
		"shared, into which topics, under which agreement and rule; and by whose decision: the "
		"entries "
		"that\n"
		"agreed it, turned it on or off. Policy decides it again as it was known then. CAMERA is an "
		"id "
		"or an\n"
		"external one; TIME has an offset. Whoever has a role here may ask.\n"
		"\n"
		"  anprctl explain tfl-ulez ULEZ-00001 2026-11-01T12:00:00Z\n"
		"  anprctl explain tfl-ulez ULEZ-00001 2026-11-01T12:00:00Z --published "
		"2026-11-01T15:00:00Z\n"
		"  anprctl explain tfl-ulez ULEZ-00001 2026-11-01T12:00:00Z --class overview --json\n",
	.min_arguments = 3,
	.max_arguments = 3,
	.options = explain_options,
	.common = {connection_options},
	.run = explain,
};

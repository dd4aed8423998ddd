/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl proposals: what is proposed, who still has to consent, and what it would change of what is in force
 * now.
 */
#include "gateway/ctl/proposals.h"

#include "gateway/ctl/change.h"
#include "gateway/ctl/client.h"
#include "gateway/ctl/screen.h"
#include "gateway/ctl/try.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum exit_code proposal_number(const struct options *o, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(o->arguments[0], &end, 10);
	if (o->arguments[0][0] < '0' || o->arguments[0][0] > '9' || *end || errno || *number == 0)
		return fail(o, USAGE, "'%s' is not a proposal's number; 'anprctl proposals' lists them",
			o->arguments[0]);
	return DONE;
}

static void list_add(struct table *t, const json_t *array)
{
	char *text = json_list(array);

	table_add(t, text);
	free(text);
}

static void table_show(const json_t *view)
{
	static const char *const headings[] = {
		"number", "what", "state", "proposed", "by", "consents", "still needs", NULL};
	struct table t;
	const json_t *p;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(view, i, p)
	{
		const json_t *consents = json_object_get(p, "consents");
		table_format(&t, "%llu", (unsigned long long)json_number(p, "number"));
		table_add(&t, json_text(p, "about"));
		table_add(&t, json_text(p, "state"));
		table_add(&t, TIME_SHORT(p, "proposed"));
		table_format(&t, "%s, %s", json_text(p, "subject"), json_text(p, "proposer"));
		list_add(&t, json_object_get(consents, "have"));
		list_add(&t, json_object_get(consents, "need"));
	}
	table_end(&t, "Nothing has been proposed.");
}

void proposal_change_print(const json_t *p)
{
	const json_t *change = json_object_get(p, "change");

	printf("\nProposal %llu, against what is in force now:\n",
		(unsigned long long)json_number(p, "number"));
	if (json_is_object(change))
		change_print(change);
	else
		print_field("changes", "%s", json_text(p, "effect"));
}

static void all_show(const json_t *view)
{
	const json_t *p;
	size_t i;

	table_show(view);
	json_array_foreach(view, i, p)
	{
		if (strcmp(json_text(p, "state"), "open") == 0)
			proposal_change_print(p);
	}
}

static void list_print(const char *name, const json_t *array)
{
	char *text = json_list(array);

	print_field(name, "%s", text && *text ? text : "-");
	free(text);
}

/* The word of who proposed it: the gateway keeps what was attached, and does not sign it. */
static void trial_show(const json_t *trial)
{
	if (!json_is_object(trial))
		return;
	printf("\nTried before it was proposed, from %s on, as its proposer attached it:\n",
		TIME_SHORT(trial, "began"));
	trial_print(trial);
}

/* What was decided is told as it was when it was proposed; what is open, as it is now. */
static void one_show(const json_t *p)
{
	const json_t *consents = json_object_get(p, "consents");
	bool open = strcmp(json_text(p, "state"), "open") == 0;

	printf("%sProposal %llu%s: %s, %s\n", colours()->bold, (unsigned long long)json_number(p, "number"),
		colours()->plain, json_text(p, "about"), json_text(p, "state"));
	print_field("proposed", "%s by %s, %s", TIME_SHORT(p, "proposed"), json_text(p, "subject"),
		json_text(p, "proposer"));
	print_field("file", "%s, sha256 %s", json_text(p, "name"), json_text(p, "sha256"));
	list_print("consents", json_object_get(consents, "have"));
	if (open) {
		list_print("still needs", json_object_get(consents, "need"));
		print_field("lapses", "%s", TIME_SHORT(p, "lapses"));
		proposal_change_print(p);
	} else {
		print_field("effect", "%s", json_text(p, "effect"));
	}
	trial_show(json_object_get(p, "trial"));
}

enum exit_code proposal_get(const struct options *o, uint64_t number, json_t **view)
{
	char text[24], *path;
	enum exit_code code;

	snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	path = client_path("/v1/proposals", "number", text, "cameras", o->ids ? "1" : NULL, NULL);
	code = client_get(o, path, view);
	free(path);
	if (code == DONE && json_array_size(*view) == 0)
		code = fail(o, REFUSED, "there is no proposal %llu", (unsigned long long)number);
	return code;
}

static enum exit_code one(const struct options *o)
{
	uint64_t number;
	json_t *view = NULL;
	enum exit_code code = proposal_number(o, &number);

	if (code == DONE)
		code = proposal_get(o, number, &view);
	if (code == DONE && o->json)
		code = json_show(json_array_get(view, 0));
	else if (code == DONE)
		one_show(json_array_get(view, 0));
	json_decref(view);
	return code;
}

static enum exit_code proposals(struct options *o)
{
	json_t *view = NULL;
	enum exit_code code;

	if (o->n_arguments > 0)
		return one(o);
	code = client_get(o, "/v1/proposals", &view);
	if (code == DONE && o->json)
		code = json_show(view);
	else if (code == DONE)
		all_show(view);
	json_decref(view);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_FLAG, "ids", NULL, "with a number: list every camera that would come or go", ids),
	{0},
};

const struct verb verb_proposals = {
	.name = "proposals",
	.arguments = "[N [--ids]]",
	.summary = "what is proposed, what it would change, and who still has to consent",
	.help = "Lists proposals with their numbers, who has consented and who has yet to; of those that are "
		"open, what\n"
		"they would change of what is in force now: cameras, hours, classes of data and every other "
		"term. A line\n"
		"that begins with + shares more, with - less, with ! more here and less there. Switches are "
		"no part of\n"
		"it: they stay as they are, and an agreement that comes into force is off on both sides.\n"
		"\n"
		"  anprctl proposals\n"
		"  anprctl proposals 7 --ids\n"
		"  anprctl approve 7 --reason \"As discussed\"\n",
	.options = options,
	.max_arguments = 1,
	.common = {connection_options},
	.run = proposals,
};

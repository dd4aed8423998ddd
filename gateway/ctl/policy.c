/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl policy check: whether a file is one that could be proposed, and what it says, without asking
 * anybody.
 */
#include "gateway/ctl/document.h"
#include "gateway/ctl/screen.h"

#include <jansson.h>
#include <stdio.h>

static void register_show(const struct options *o, const struct camera_register *r)
{
	size_t states[5] = {0};

	for (size_t i = 0; i < r->n; i++)
		states[r->cameras[i].state <= CAMERA_RETIRED ? r->cameras[i].state : 0]++;
	if (o->json) {
		json_t *body = json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:s}", "kind", "register", "cameras",
			(json_int_t)r->n, "offered", (json_int_t)states[CAMERA_OFFERED], "commissioning",
			(json_int_t)states[CAMERA_COMMISSIONING], "live", (json_int_t)states[CAMERA_LIVE],
			"retired", (json_int_t)states[CAMERA_RETIRED], "sha256", DIGEST_TEXT(&r->sha256));
		json_dumpf(body, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(body);
		return;
	}
	printf("%sA good register%s of %zu cameras: %zu live, %zu offered, %zu commissioning, %zu retired.\n",
		colours()->good, colours()->plain, r->n, states[CAMERA_LIVE], states[CAMERA_OFFERED],
		states[CAMERA_COMMISSIONING], states[CAMERA_RETIRED]);
	print_field("sha256", "%s", DIGEST_TEXT(&r->sha256));
}

static void agreement_show(const struct options *o, const struct agreement *a)
{
	struct buffer text = {0};
	bool printed = ok(agreement_print(a, &text));

	if (o->json) {
		json_t *body = json_pack("{s:s,s:s,s:s,s:s,s:s}", "kind", "agreement", "id", a->id, "partner",
			a->partner, "sha256", DIGEST_TEXT(&a->sha256), "canonical",
			printed ? buffer_text(&text) : "");
		json_dumpf(body, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(body);
	} else {
		printf("%sA good agreement:%s %s, %s to %s. As the gateway reads it:\n\n", colours()->good,
			colours()->plain, a->id, a->partner, a->recipient);
		for (const char *line = buffer_text(&text); printed && *line;
			line += strcspn(line, "\n") + 1) {
			printf("  %.*s\n", (int)strcspn(line, "\n"), line);
			if (!line[strcspn(line, "\n")])
				break;
		}
	}
	buffer_free(&text);
}

static void other_show(const struct options *o, const struct document *d)
{
	static const char *const kinds[] = {"", "organisation", "partner", "node_key"};
	const char *kind = d->charter ? kinds[d->charter->kind] : "revocation_list";
	const char *id = d->charter ? d->charter->id : "";
	struct digest sha256 = digest_of(buffer_span(&d->text));

	if (o->json) {
		json_t *body =
			json_pack("{s:s,s:s,s:s}", "kind", kind, "id", id, "sha256", DIGEST_TEXT(&sha256));
		json_dumpf(body, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(body);
		return;
	}
	printf("%sWell formed%s: %s %s\n", colours()->good, colours()->plain, kind, id);
	print_field("sha256", "%s", DIGEST_TEXT(&sha256));
}

static enum exit_code policy(struct options *o)
{
	struct document d = {0};
	enum exit_code code;

	if (strcmp(o->arguments[0], "check") != 0)
		return fail(o, USAGE, "there is no 'policy %s'; there is: anprctl policy check FILE",
			o->arguments[0]);
	code = document_read(o, o->arguments[1], &d);
	if (code == DONE && d.cameras)
		register_show(o, d.cameras);
	else if (code == DONE && d.agreement)
		agreement_show(o, d.agreement);
	else if (code == DONE)
		other_show(o, &d);
	document_free(&d);
	return code;
}

const struct verb verb_policy = {
	.name = "policy",
	.arguments = "check FILE",
	.summary = "check an agreement or register without proposing it",
	.help = "Reads FILE as the gateway would and tells every mistake with its line and column, or what "
		"it says.\n"
		"Asks nobody and changes nothing. An agreement is called *.yaml, a register *.csv.\n"
		"\n"
		"  anprctl policy check tfl-mps.yaml\n"
		"  anprctl policy check cameras.csv\n",
	.min_arguments = 2,
	.max_arguments = 2,
	.run = policy,
};

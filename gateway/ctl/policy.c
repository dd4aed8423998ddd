/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl policy check: whether a file is one that could be proposed, and what it says, without asking
 * anybody. `policy test` is policy_test.c.
 */
#include "gateway/ctl/document.h"
#include "gateway/ctl/policy_diff.h"
#include "gateway/ctl/policy_test.h"
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

	if (strcmp(o->arguments[0], "test") == 0)
		return policy_test(o, o->arguments + 1, o->n_arguments - 1);
	if (strcmp(o->arguments[0], "diff") == 0 && (o->n_arguments == 3 || o->n_arguments == 4))
		return policy_diff(o);
	if (strcmp(o->arguments[0], "check") != 0 || o->n_arguments > 2)
		return fail(o, USAGE,
			"anprctl policy check FILE, anprctl policy test FILE..., or anprctl policy diff OLD "
			"NEW [REGISTER]");
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
	.words = "check test diff",
	.arguments = "check FILE | test FILE... | diff OLD NEW [REGISTER]",
	.summary = "check an agreement or register, or run the cases written for it; asks nobody",
	.help = "check reads FILE as the gateway would and tells every mistake with its line and column, or "
		"what "
		"it says.\n"
		"An agreement is called *.yaml, a register *.csv. Nothing is proposed.\n"
		"\n"
		"  anprctl policy check tfl-mps.yaml\n"
		"  anprctl policy check cameras.csv\n"
		"  anprctl policy test tfl-mps.cases.yaml\n"
		"  anprctl policy diff tfl-mps.yaml tfl-mps-2.yaml cameras.csv\n"
		"  anprctl policy diff cameras.csv cameras-2.csv\n"
		"\n"
		"diff tells what NEW would share that OLD does not, and no longer: of agreements over "
		"REGISTER, or of\n"
		"two registers; + is more, - is less, ! more here and less there.\n"
		"\n"
		"test runs cases: a past and reads in it, and what is to become of each, decided by the very "
		"code\n"
		"the gateway decides by. A file of cases is written beside the agreement:\n"
		"\n"
		"  agreements: tfl-mps.yaml     # or a list of {file, agreed, withdrawn}; later versions "
		"replace\n"
		"  registers: tfl-register.csv  # or a list of {file, from}\n"
		"  organisation: tfl            # the partner's, for its side of the switches\n"
		"  switches:                    # what is not turned off here is on, on both sides\n"
		"    - {at: 2026-05-04T09:00:00Z, turn: off, side: tfl, cameras: [\"ULEZ-0001?\"], for: "
		"12h}\n"
		"                               # also: agreement, rule, class: [read]\n"
		"  defaults: {confidence: 0.9}  # for every read\n"
		"  cases:\n"
		"    - name: the inner ring, by day\n"
		"      read: {camera: ULEZ-00001, captured: 2026-05-03T12:00:00Z}\n"
		"      permit: {rule: inner, share: [read], drop: [speed_kph, heading]}\n"
		"    - name: not on a Sunday night\n"
		"      read: {camera: ULEZ-00050, captured: 2026-05-03T22:00:00+01:00}\n"
		"      deny: outside_hours\n"
		"\n"
		"A read has camera, captured, arrived (a time, or how long after capture; else 1s), "
		"published (a\n"
		"time, or how long after arrival; else at once), kind (vrm), confidence (or none), images (a "
		"list).\n"
		"permit is a rule's name, or a map of agreement, rule, share, drop, of which what is left "
		"out is\n"
		"not looked at, or a list of such where several agreements permit. A case may have switches "
		"of\n"
		"its own. deny is one of no_agreement, not_started, expired, partner_off, rule_off, "
		"camera_off,\n"
		"class_off, not_in_schedule, unknown_camera, camera_not_live, outside_hours, "
		"captured_while_off,\n"
		"too_old, in_future, low_confidence, wrong_kind.\n",
	.min_arguments = 2,
	.max_arguments = 1000,
	.run = policy,
};

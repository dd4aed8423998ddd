/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the suites of policy, and makes the small world they decide in.
 */
#include "tests/unit/test_policy.h"

#include "gateway/text/text.h"

#include <stdio.h>
#include <stdlib.h>

const char world_cameras[] = "camera_id,external_ids,name,latitude,longitude,area,state\n"
			     "A-1,serial:1,Bridge north,51.5,-0.1,City,live\n"
			     "A-2,,Bridge south,51.4,-0.1,City,live\n"
			     "A-3,,Tunnel,51.5,0.3,East,live\n"
			     "B-1,,Offered,51.5,-0.1,City,offered\n"
			     "B-2,,New,51.5,-0.1,City,commissioning\n"
			     "B-3,,Gone,51.5,-0.1,City,retired\n"
			     "C-1,,Elsewhere,52.5,-1.1,North,live\n";

const char world_text[] =
	"agreement: AG-1\npartner: p\n"
	"recipient: {organisation: mps, topic: anpr.reads, principals: [\"User:CN=police,O=mps\"]}\n"
	"consents: [mps, tfl]\ncontroller: {name: C, contact: c@example}\ninstrument: I\n"
	"documents: [{title: D, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]\n"
	"necessity: N\npurposes: [serious-crime]\n"
	"valid: {from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z}\nkeep_for: 30d\n"
	"kinds: [vrm]\nshare: [read, overview]\ndrop: [speed_kph]\n"
	"rules:\n"
	"  - {name: a, cameras: [\"A-*\", \"B-*\"]}\n"
	"  - {name: night, cameras: [\"A-*\"], hours: {zone: Europe/London, days: [sat], from: \"22:00\", "
	"to: "
	"\"06:00\"}}\n"
	"quality: {min_confidence: 0.7, max_age: 24h, max_future: 5s, clock_bound: 2s}\n";

void world_begin(struct world *w)
{
	*w = (struct world){
		.in = {.partner = "p", .organisation = "tfl", .clock_bound_ms = 2 * SECOND},
	};
	w->in.registers = w->registers;
	w->in.agreements = w->agreements;
	w->in.switches = w->switches;
}

void world_end(struct world *w)
{
	snapshot_release(w->snapshot);
	for (size_t i = 0; i < w->in.n_registers; i++)
		register_release((struct camera_register *)w->registers[i].cameras);
	for (size_t i = 0; i < w->in.n_agreements; i++) {
		agreement_release((struct agreement *)w->agreements[i].agreement);
		schedule_release((struct schedule *)w->agreements[i].schedule);
	}
}

void world_register(struct world *w, int64_t from, const char *csv)
{
	struct error e = {0};
	struct camera_register *r = NULL;

	ck_assert_msg(ok(register_parse(span_text(csv), "r.csv", &r, &e)), "%s", error_text(&e));
	w->registers[w->in.n_registers++] = (struct policy_register_version){{from}, r};
}

static char *replaced(char *text, const char *from, const char *to)
{
	char *at = from ? strstr(text, from) : NULL, *out = NULL;

	if (!from)
		return text;
	ck_assert_msg(at != NULL, "nothing to replace: %s", from);
	ck_assert_int_gt(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
	free(text);
	return out;
}

struct agreement *world_agreement(struct world *w, int64_t agreed, const char *from, const char *to,
	const char *from_2, const char *to_2)
{
	char *text = replaced(replaced(strdup(world_text), from, to), from_2, to_2);
	struct agreement *a = world_agreement_text(w, agreed, text);

	free(text);
	return a;
}

struct agreement *world_agreement_text(struct world *w, int64_t agreed, const char *text)
{
	struct error e = {0};
	struct agreement *a = NULL;
	struct schedule *s = NULL;

	ck_assert_msg(ok(agreement_parse(span_text(text), "a.yaml", &a, &e)), "%s", error_text(&e));
	ck_assert(ok(schedule_resolve(a, w->registers[w->in.n_registers - 1].cameras, &s)));
	w->agreements[w->in.n_agreements++] =
		(struct policy_agreement_version){.agreed = {agreed}, .agreement = a, .schedule = s};
	return a;
}

void world_switch(struct world *w, int64_t at, enum switch_position position, struct switch_key key)
{
	struct switch_event *event = &w->switches[w->in.n_switches++];

	if (!key.side)
		key.side = "tfl";
	*event = (struct switch_event){
		.at = {at}, .position = position, .key = key, .entry = w->in.n_switches};
}

void world_compile(struct world *w)
{
	snapshot_release(w->snapshot);
	w->snapshot = NULL;
	ck_assert(ok(snapshot_compile(&w->in, 1, 7, (struct utc_ms){NOON}, &w->snapshot)));
}

const struct partner_policy *world_partner(const struct world *w)
{
	return snapshot_partner(w->snapshot, span_text("p"));
}

struct decision world_decide(const struct world *w, const struct read *read, int64_t received, int64_t now)
{
	struct decision d;

	memset(&d, 0xAA, sizeof d);
	policy_decide(world_partner(w), read, (struct utc_ms){received}, (struct utc_ms){now}, &d);
	return d;
}

struct read world_read(void)
{
	return (struct read){
		.read_id = span_text("r-1"),
		.cursor = span_text("c-1"),
		.camera_id = span_text("A-1"),
		.vrm = span_text("AB12 CDE"),
		.country = span_text("GB"),
		.plate_patch = span_text("patch"),
		.overview = span_text("overview"),
		.captured_at = {NOON},
		.kind = READ_KIND_VRM,
		.direction = READ_DIRECTION_AWAY,
		.has = READ_HAS_LAT | READ_HAS_LON | READ_HAS_HEADING | READ_HAS_LANE | READ_HAS_SPEED |
		       READ_HAS_CONFIDENCE,
		.lane = 2,
		.lat = 51.5,
		.lon = -0.1,
		.heading = 350,
		.speed_kph = 30,
		.confidence = 0.9,
	};
}

int main(void)
{
	SRunner *runner = srunner_create(suite_policy_parts());
	int failed;

	srunner_add_suite(runner, suite_policy_zone());
	srunner_add_suite(runner, suite_policy_decide());
	srunner_add_suite(runner, suite_policy_time());
	srunner_add_suite(runner, suite_policy_properties());
	srunner_add_suite(runner, suite_policy_difference());
	srunner_add_suite(runner, suite_policy_narrows());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What it costs to compile policy and to decide a read, by the number of cameras, rules and switch changes:
 *
 *   bench_decide CAMERAS RULES OFFS [READS]
 *
 * Every rule covers every camera, at hours of its own. The offs are over and lie within reach; every fourth
 * lists a camera. Prints milliseconds of compiling and nanoseconds a decision; decide.sh counts instructions
 * instead.
 */
#include "policy/decide.h"
#include "gateway/text/zoneinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOON INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */
#define DAY  INT64_C(86400000)

static char *name_of(const char *prefix, size_t n)
{
	char *text = NULL;

	if (asprintf(&text, "%s-%06zu", prefix, n) < 0)
		abort();
	return text;
}

static struct camera_register *make_register(size_t n)
{
	struct camera_register *r = calloc(1, sizeof *r);
	struct span twice;

	r->references = 1;
	r->n = n;
	r->cameras = calloc(n, sizeof *r->cameras);
	for (size_t i = 0; i < n; i++)
		r->cameras[i] = (struct camera){.id = name_of("CAM", i), .lat = 51, .state = CAMERA_LIVE};
	if (!ok(register_index(r, &twice)))
		abort();
	return r;
}

static struct agreement *make_agreement(size_t rules, struct zone *zone)
{
	struct agreement *a = calloc(1, sizeof *a);

	a->references = 1;
	a->id = strdup("A");
	a->recipient = strdup("mps");
	a->until.v = NOON + 30 * DAY;
	a->kinds = 1u << READ_KIND_VRM;
	a->share = CLASS_READ;
	a->max_age_ms = DAY;
	a->clock_bound_ms = 2000;
	a->n_rules = rules;
	a->rules = calloc(rules, sizeof *a->rules);
	for (size_t i = 0; i < rules; i++) {
		struct rule *rule = &a->rules[i];

		*rule = (struct rule){
			.name = name_of("rule", i), .has_hours = true, .local = zone_hold(zone)};
		rule->cameras = calloc(1, sizeof *rule->cameras);
		rule->cameras[0] = strdup("CAM-*");
		rule->n_cameras = 1;
		rule->days = 0x7F;
		rule->from_minute = (int)(i % 600);
		rule->to_minute = 1200 + (int)(i % 200);
	}
	return a;
}

static struct switch_event *make_switches(const struct camera_register *r, size_t offs)
{
	struct switch_event *events = calloc(2 * offs + 1, sizeof *events);

	for (size_t i = 0; i < offs; i++) {
		struct switch_key key = {.side = "mps"};

		if (i % 4 == 0) {
			const char **camera = malloc(sizeof *camera);

			*camera = r->cameras[i % r->n].id;
			key.cameras = camera;
			key.n_cameras = 1;
		}
		events[2 * i] = (struct switch_event){
			.at = {NOON - DAY + (int64_t)i * 10}, .position = SWITCH_OFF, .key = key};
		events[2 * i + 1] = events[2 * i];
		events[2 * i + 1].at.v += 5;
		events[2 * i + 1].position = SWITCH_ON;
	}
	return events;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Distinct cameras in no order that a cache would like. */
static size_t decide_all(const struct partner_policy *p, const struct camera_register *r, size_t reads)
{
	struct read read = {.captured_at = {NOON}, .kind = READ_KIND_VRM, .vrm = span_text("AB12CDE")};
	struct decision d;
	size_t permitted = 0;

	for (size_t i = 0; i < reads; i++) {
		read.camera_id = span_text(r->cameras[i * 7919 % r->n].id);
		policy_decide(p, &read, (struct utc_ms){NOON}, (struct utc_ms){NOON}, &d);
		permitted += d.verdict == VERDICT_PERMIT;
	}
	return permitted;
}

int main(int argc, char **argv)
{
	size_t cameras = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000,
	       rules = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	size_t offs = argc > 3 ? strtoul(argv[3], NULL, 10) : 0,
	       reads = argc > 4 ? strtoul(argv[4], NULL, 10) : 1000000;
	struct camera_register *r = make_register(cameras);
	struct zone *zone = NULL;
	struct schedule *s = NULL;
	struct policy_register_version version = {.cameras = r};
	struct policy_agreement_version agreement = {0};
	struct policy_partner_input in = {.partner = "p",
		.organisation = "tfl",
		.registers = &version,
		.n_registers = 1,
		.agreements = &agreement,
		.n_agreements = 1,
		.n_switches = 2 * offs};
	struct policy_snapshot *snapshot = NULL;
	double began, resolved, compiled, decided;
	size_t permitted;

	if (!ok(zoneinfo_load(span_text("Europe/London"), &zone)))
		abort();
	agreement.agreement = make_agreement(rules, zone);
	in.switches = make_switches(r, offs);
	began = now_ms();
	if (!ok(schedule_resolve(agreement.agreement, r, &s)))
		abort();
	agreement.schedule = s;
	resolved = now_ms();
	if (!ok(snapshot_compile(&in, 1, 1, (struct utc_ms){NOON}, &snapshot)))
		abort();
	compiled = now_ms();
	permitted = decide_all(snapshot_partner(snapshot, span_text("p")), r, reads);
	decided = now_ms();
	printf("%zu cameras, %zu rules, %zu offs: schedule %.1f ms, compile %.1f ms, decide %.0f ns, %zu of "
	       "%zu permitted\n",
		cameras, rules, offs, resolved - began, compiled - resolved,
		(decided - compiled) * 1e6 / (double)reads, permitted, reads);
	return permitted == reads ? 0 : 1;
}

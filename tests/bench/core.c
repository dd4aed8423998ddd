/* SPDX-License-Identifier: Apache-2.0
 *
 * What a permitted read costs in the core, step by step, in microseconds of CPU; unpacking is in
 * bench_decode, sending is librdkafka's (bench_bare_producer). To compare changes with.
 *
 *   bench_core [READS]    default 1,000,000
 */
#include "gateway/core/partner.h"
#include "gateway/core/window.h"
#include "gateway/text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CAMERAS = 4294, READS = 1000, BATCH = 2000 };

#define NOON     INT64_C(1793534400000) /* 2026-11-01T12:00:00Z */
#define LONG_AGO (NOON - INT64_C(20) * 24 * 3600 * 1000)

static const char agreement_text[] =
	"agreement: TFL-MPS-1\npartner: tfl-ulez\n"
	"recipient: {organisation: mps, topic: anpr.reads, principals: [\"User:CN=police,O=mps\"]}\n"
	"consents: [mps, tfl]\ncontroller: {name: C, contact: c@example}\ninstrument: I\n"
	"documents: [{title: D, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]\n"
	"necessity: N\npurposes: [serious-crime, counter-terrorism]\n"
	"valid: {from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z}\nkeep_for: 365d\n"
	"kinds: [vrm]\nshare: [read]\ndrop: [speed_kph]\n"
	"rules: [{name: all, cameras: [\"ULEZ-*\"]}]\n"
	"quality: {min_confidence: 0.7, max_age: 24h, max_future: 5s, clock_bound: 2s}\n";

static struct policy_snapshot *snapshot;
static const struct partner_policy *policy;
static struct partner *partner;
static struct read reads[READS];
static struct arena arena;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(struct status status)
{
	if (!ok(status))
		abort();
}

static struct camera_register *make_register(void)
{
	struct buffer csv = {0};
	struct camera_register *r;

	must(buffer_append_text(&csv, "camera_id,external_ids,name,latitude,longitude,area,state\n"));
	for (unsigned i = 0; i < CAMERAS; i++)
		must(buffer_format(&csv,
			"ULEZ-%05u,serial:ACCC8E%06X,Orchard Rise northbound "
			"%u,51.50239,-0.13859,Westminster,live\n",
			i, i, i));
	must(register_parse(buffer_span(&csv), "r.csv", &r, NULL));
	buffer_free(&csv);
	return r;
}

static void make_policy(void)
{
	struct policy_register_version registers = {{LONG_AGO}, make_register()};
	struct policy_agreement_version agreements = {.agreed = {LONG_AGO}};
	struct policy_partner_input in = {.partner = "tfl-ulez",
		.organisation = "tfl",
		.clock_bound_ms = 2000,
		.registers = &registers,
		.n_registers = 1,
		.agreements = &agreements,
		.n_agreements = 1};
	struct agreement *agreement;
	struct schedule *schedule;

	must(agreement_parse(span_text(agreement_text), "a.yaml", &agreement, NULL));
	must(schedule_resolve(agreement, registers.cameras, &schedule));
	agreements.agreement = agreement;
	agreements.schedule = schedule;
	must(snapshot_compile(&in, 1, 7, (struct utc_ms){NOON}, &snapshot));
	policy = snapshot_partner(snapshot, span_text("tfl-ulez"));
	schedule_release(schedule);
	agreement_release(agreement);
	register_release((struct camera_register *)registers.cameras);
}

static struct span text(const char *before, int width, unsigned n, const char *after)
{
	char to[64];

	snprintf(to, sizeof to, "%s%0*u%s", before, width, n, after);
	return arena_copy(&arena, span_text(to));
}

static void make_reads(void)
{
	for (unsigned i = 0; i < READS; i++)
		reads[i] = (struct read){.read_id = text("tfl-ulez-7-", 12, i, ""),
			.cursor = text("c-", 12, i, ""),
			.camera_id = text("ULEZ-", 5, i * 7919 % CAMERAS, ""),
			.vrm = text("AB", 2, i % 100, " CDE"),
			.country = span_text("GB"),
			.captured_at = {NOON - 1000},
			.kind = READ_KIND_VRM,
			.direction = READ_DIRECTION_TOWARDS,
			.has = READ_HAS_LAT | READ_HAS_LON | READ_HAS_HEADING | READ_HAS_LANE |
			       READ_HAS_SPEED | READ_HAS_CONFIDENCE,
			.lane = 2,
			.lat = 51.50239,
			.lon = -0.13859,
			.heading = 350,
			.speed_kph = 47.3,
			.confidence = 0.97};
}

static void decide(const struct read *read, struct decision *d)
{
	policy_decide(policy, read, (struct utc_ms){NOON}, (struct utc_ms){NOON}, d);
	if (d->verdict != VERDICT_PERMIT)
		abort();
}

static double time_decide(unsigned wanted)
{
	double begin = now_us();
	struct decision d;

	for (unsigned i = 0; i < wanted; i++)
		decide(&reads[i % READS], &d);
	return (now_us() - begin) / wanted;
}

/* As many as 15 minutes at 2,000 reads a second bring, and half of them again. */
static double time_window(unsigned wanted)
{
	struct window w;
	double begin;

	window_init(&w, 900000);
	for (uint64_t i = 1; i < 1800000; i++)
		must(window_add(&w, i * UINT64_C(0x9e3779b97f4a7c15), (struct utc_ms){(int64_t)i / 2}));
	begin = now_us();
	for (unsigned i = 0; i < wanted; i++) {
		struct utc_ms now = {900000 + i / 2};
		uint64_t hash = window_hash(&w, span_text(partner->id), reads[i % READS].read_id) +
				(uint64_t)(i / READS) * 64;

		if (!window_has(&w, hash, now))
			must(window_add(&w, hash, now));
	}
	begin = (now_us() - begin) / wanted;
	window_fini(&w);
	return begin;
}

static void encode(const struct read *read, const struct decision *d, unsigned n, struct buffer *out)
{
	const struct feed_policy *feed = d->permits[0].feed;
	char normalised[VRM_BYTES];
	struct shared_read shared = {.partner_id = span_text(partner->id),
		.agreement_id = span_text(feed->agreement->id),
		.policy_version = 7,
		.purposes = feed->purposes,
		.n_purposes = feed->n_purposes,
		.received_at = {NOON},
		.published_at = {NOON},
		.keep_until = {NOON + feed->keep_for_ms},
		.quality = d->quality,
		.sequence = n,
		.partition_sequence = n / 12,
		.camera_name = span_text(d->camera->name),
		.camera_area = span_text(d->camera->area)};

	policy_minimise(&d->permits[0], d->camera, read, &shared.read);
	shared.vrm_normalised = vrm_normalise(read->vrm, normalised);
	out->n = 0;
	must(shared_read_encode(&shared, out));
}

static double time_encode(unsigned wanted, size_t *bytes)
{
	struct buffer out = {0};
	struct decision d;
	double begin;

	decide(&reads[0], &d);
	begin = now_us();
	for (unsigned i = 0; i < wanted; i++)
		encode(&reads[0], &d, i, &out);
	begin = (now_us() - begin) / wanted;
	*bytes = out.n;
	buffer_free(&out);
	return begin;
}

static double time_digest(unsigned wanted, size_t bytes)
{
	uint8_t value[4096] = {0};
	struct digest d = {0};
	double begin = now_us();

	for (unsigned i = 0; i < wanted; i++)
		d = digest_chain(&d, span_of(value, bytes));
	return (now_us() - begin) / wanted;
}

/* Batches of 2,000 reads over all cameras: counted, told, taken as committed. */
static double time_count(unsigned wanted)
{
	const struct camera *cameras;
	size_t n = partner_policy_cameras(policy, &cameras);
	double begin = now_us();

	for (unsigned i = 0; i < wanted; i++) {
		struct decision d = {
			.verdict = VERDICT_PERMIT, .n = 1, .camera = &cameras[(uint64_t)i * 7919 % n]};

		if (i % BATCH == 0)
			must(partner_work_begin(partner, cameras, n));
		partner_count(partner, &d);
		if (i % BATCH < BATCH - 1)
			continue;
		must(partner_work_cameras(partner));
		must(partner_work_committed(partner));
	}
	return (now_us() - begin) / wanted;
}

int main(int argc, char **argv)
{
	unsigned wanted = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
	size_t bytes;
	double us;

	must(partner_new("tfl-ulez", 2000, &partner));
	make_policy();
	make_reads();
	printf("core:   decide                      %.2f us\n", time_decide(wanted));
	printf("core:   look for repeats            %.2f us\n", time_window(wanted));
	us = time_encode(wanted, &bytes);
	printf("core:   minimise and encode         %.2f us\n", us);
	printf("core:   digest                      %.2f us\n", time_digest(wanted, bytes));
	printf("core:   count                       %.2f us\n", time_count(wanted));
	partner_free(partner);
	snapshot_release(snapshot);
	arena_free(&arena);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl tail: the police topic as a permitted consumer sees it, straight from Kafka. It is here that plates
 * are shown, to whom they were shared with, and nowhere kept. Whether nothing is missing is in sequence.c.
 */
#include "gateway/ctl/access.h"
#include "gateway/ctl/screen.h"
#include "gateway/ctl/sequence.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/partitions.h"
#include "gateway/kafka/reader.h"
#include "proto/read.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define TOPICS_MAX  8
#define METADATA_MS 10000
#define WAIT_MS     20
#define TROUBLE_MS  5000 /* between two words about the same trouble */

struct partition {
	const char *topic;
	int32_t number;
	struct reader *reader;
};

struct tail {
	const struct options *o;
	struct access access;
	char topics[TOPICS_MAX * 250]; /* the option's, cut up */
	struct partition *partitions;
	size_t n;
	struct sequences *sequences;
	struct arena arena;
	unsigned long long shown, limit;
	int64_t trouble_at;
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

static enum exit_code topic_open(struct tail *t, const char *topic, int64_t from)
{
	struct error e = {0};
	struct partition *partitions;
	struct status status;
	int32_t n = 0;

	status = topic_partitions(&t->access.config, topic, METADATA_MS, &n, &e);
	if (!ok(status))
		return fail_with(t->o, status.kind == STATUS_REFUSED ? REFUSED : UNREACHABLE, &e);
	partitions = reallocarray(t->partitions, t->n + (size_t)n, sizeof *partitions);
	if (!partitions)
		return fail(t->o, REFUSED, "out of memory");
	t->partitions = partitions;
	for (int32_t i = 0; i < n; i++) {
		struct partition *p = &t->partitions[t->n];
		*p = (struct partition){.topic = topic, .number = i};
		if (!ok(reader_open(&t->access.config, topic, i, from, &p->reader, &e)))
			return fail_with(t->o, UNREACHABLE, &e);
		t->n++;
	}
	return DONE;
}

/* The topics of --topic, cut up in place. Returns how many; 0 = too many. */
static size_t topics_cut(char *text, const char *names[TOPICS_MAX])
{
	char *rest = text;
	size_t n = 0;

	while (rest && n < TOPICS_MAX)
		names[n++] = strsep(&rest, ",");
	return rest ? 0 : n;
}

static enum exit_code topics_open(struct tail *t)
{
	const char *from = t->o->from ? t->o->from : "newest", *names[TOPICS_MAX];
	bool oldest = strcmp(from, "oldest") == 0;
	enum exit_code code = DONE;
	size_t n;

	if (!oldest && strcmp(from, "newest") != 0)
		return fail(t->o, USAGE, "--from is oldest or newest");
	snprintf(t->topics, sizeof t->topics, "%s", t->o->topic ? t->o->topic : "anpr.reads");
	n = topics_cut(t->topics, names);
	if (n == 0)
		return fail(t->o, USAGE, "--topic takes at most %d topics", TOPICS_MAX);
	for (size_t i = 0; i < n && code == DONE; i++)
		code = topic_open(t, names[i], oldest ? READER_OLDEST : READER_NEWEST);
	return code;
}

/* --- showing a read --- */

static json_t *span_json(struct span s)
{
	return json_stringn_nocheck((const char *)s.p, s.n);
}

static void span_set(json_t *to, const char *key, struct span s)
{
	if (s.n > 0)
		json_object_set_new_nocheck(to, key, span_json(s));
}

static void show_json(
	const struct partition *p, const struct kafka_record *record, const struct shared_read *s)
{
	const struct read *r = &s->read;
	json_t *purposes = json_array();
	json_t *out = json_pack("{s:s,s:i,s:I,s:s,s:I,s:I,s:I,s:s,s:s,s:s,s:i,s:I,s:I}", "topic", p->topic,
		"partition", (int)p->number, "offset", (json_int_t)record->offset, "captured_at",
		CLOCK_TEXT(r->captured_at), "policy_version", (json_int_t)s->policy_version, "sequence",
		(json_int_t)s->sequence, "partition_sequence", (json_int_t)s->partition_sequence,
		"published_at", CLOCK_TEXT(s->published_at), "received_at", CLOCK_TEXT(s->received_at),
		"keep_until", CLOCK_TEXT(s->keep_until), "quality", (int)s->quality, "plate_patch_bytes",
		(json_int_t)r->plate_patch.n, "overview_bytes", (json_int_t)r->overview.n);

	span_set(out, "partner", s->partner_id);
	span_set(out, "agreement", s->agreement_id);
	span_set(out, "read_id", r->read_id);
	span_set(out, "camera_id", r->camera_id);
	span_set(out, "camera_name", s->camera_name);
	span_set(out, "camera_area", s->camera_area);
	span_set(out, "vrm", r->vrm);
	span_set(out, "vrm_normalised", s->vrm_normalised);
	span_set(out, "tag", r->tag);
	span_set(out, "country", r->country);
	if (r->has & READ_HAS_CONFIDENCE)
		json_object_set_new(out, "confidence", json_real(r->confidence));
	for (size_t i = 0; i < s->n_purposes; i++)
		json_array_append_new(purposes, json_string(s->purposes[i]));
	json_object_set_new(out, "purposes", purposes);
	json_dumpf(out, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(out);
}

static void span_print(struct span s, int width, struct arena *arena)
{
	const char *text = arena_text(arena, s);
	int columns = 0;

	print_plain(text ? text : "");
	for (size_t i = 0; i < s.n; i++)
		columns += (s.p[i] & 0xc0) != 0x80;
	printf("%*s", columns < width ? width - columns : 0, "");
}

static void show_text(const struct shared_read *s, struct arena *arena)
{
	const struct read *r = &s->read;
	const char *kind = r->kind == READ_KIND_NO_PLATE     ? "(no plate)"
			   : r->kind == READ_KIND_HASHED_TAG ? "(tag)"
							     : NULL;

	printf("%s  %s", CLOCK_TEXT(r->captured_at), colours()->bold);
	span_print(kind ? span_text(kind) : s->vrm_normalised.n ? s->vrm_normalised : r->vrm, 10, arena);
	printf("%s ", colours()->plain);
	span_print(s->partner_id, 0, arena);
	putchar('/');
	span_print(r->camera_id, 14, arena);
	if (r->has & READ_HAS_CONFIDENCE)
		printf(" %3.0f%%", r->confidence * 100);
	printf("  %sno. %llu, ", colours()->faint, (unsigned long long)s->sequence);
	span_print(s->agreement_id, 0, arena);
	printf(" v%llu%s  ", (unsigned long long)s->policy_version, colours()->plain);
	span_print(s->camera_name, 0, arena);
	if (s->quality)
		printf("  %sflags 0x%x%s", colours()->warn, s->quality, colours()->plain);
	putchar('\n');
}

static void show(struct tail *t, const struct partition *p, const struct kafka_record *record)
{
	struct shared_read s = {0};
	char words[256];

	if (!ok(shared_read_decode(record->value, &t->arena, &s))) {
		sequences_spoil(t->sequences);
		fprintf(stderr, "anprctl: %s partition %d offset %lld is no shared read\n", p->topic,
			p->number, (long long)record->offset);
		return;
	}
	if (!sequences_take(t->sequences, p->topic, p->number, &s, words, sizeof words))
		fprintf(stderr, "%sanprctl: %s%s\n", colours()->bad, words, colours()->plain);
	if (t->o->json)
		show_json(p, record, &s);
	else
		show_text(&s, &t->arena);
	t->shown++;
	arena_reset(&t->arena);
}

static void trouble(struct tail *t, const struct partition *p, struct error *e)
{
	int64_t now = clock_monotonic_ms();

	if (now >= t->trouble_at)
		fprintf(stderr, "anprctl: %s partition %d: %s; trying on\n", p->topic, p->number,
			error_text(e));
	if (now >= t->trouble_at)
		t->trouble_at = now + TROUBLE_MS;
}

static bool full(const struct tail *t)
{
	return told_to_end || (t->limit && t->shown >= t->limit);
}

/* A few records of each partition in turn, so that none waits for another. Returns whether there were any. */
static bool turn(struct tail *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++) {
		struct error e = {0};
		struct kafka_record record;
		struct status status = S_OK;
		for (int k = 0; k < 100 && ok(status) && !full(t); k++) {
			status = reader_next(t->partitions[i].reader, 0, &record, &e);
			if (ok(status))
				show(t, &t->partitions[i], &record);
			any = any || ok(status);
		}
		if (status.kind != STATUS_WAIT && !ok(status))
			trouble(t, &t->partitions[i], &e);
		error_free(&e);
	}
	return any;
}

static enum exit_code limit_parse(struct tail *t)
{
	char *end = NULL;

	if (!t->o->count)
		return DONE;
	t->limit = strtoull(t->o->count, &end, 10);
	if (t->o->count[0] < '0' || t->o->count[0] > '9' || *end || t->limit == 0)
		return fail(t->o, USAGE, "--count takes a number from 1");
	return DONE;
}

static enum exit_code run(struct tail *t)
{
	char words[512];
	bool good;

	while (!full(t)) {
		if (turn(t))
			fflush(stdout);
		else
			clock_sleep_ms(WAIT_MS);
		if (ferror(stdout))
			break; /* whoever was reading has gone */
	}
	fflush(stdout);
	good = sequences_sum(t->sequences, words, sizeof words);
	fprintf(stderr, "%s%s%s\n", good ? "" : colours()->bad, words, good ? "" : colours()->plain);
	return good ? DONE : REFUSED;
}

static void tail_free(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++)
		reader_close(t->partitions[i].reader);
	free(t->partitions);
	sequences_free(t->sequences);
	arena_free(&t->arena);
	access_free(&t->access);
}

static enum exit_code tail(struct options *o)
{
	struct tail t = {.o = o, .sequences = sequences_new()};
	struct sigaction action = {.sa_handler = on_signal};
	enum exit_code code = limit_parse(&t);

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (code == DONE)
		code = access_read(o, "anprctl-tail", &t.access);
	if (code == DONE)
		code = topics_open(&t);
	if (code == DONE)
		code = run(&t);
	tail_free(&t);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "topic", "TOPIC", "the topic (anpr.reads); several with a ',' between", topic),
	OPTION(OPTION_TEXT, "from", "WHERE", "newest (what comes from now on) or oldest", from),
	OPTION(OPTION_TEXT, "count", "N", "end after N reads", count),
	{0},
};

const struct verb verb_tail = {
	.name = "tail",
	.arguments = "--kafka BROKERS --kafka-ca FILE --kafka-cert FILE --kafka-key FILE [--topic T] [--from "
		     "oldest] [--count N]",
	.summary = "the police topic, straight from Kafka, for a permitted consumer",
	.help = "Shows reads as they are committed, all partitions, with your own Kafka certificate: whoever "
		"the agreement\n"
		"does not name is refused by the broker. Every number in a partition is checked: a gap, or a "
		"number twice,\n"
		"is told at once and makes the exit status 1. Ctrl-C ends it, with a word about what was "
		"checked.\n"
		"\n"
		"  anprctl tail --kafka kafka-1:9093 --kafka-ca ca.pem --kafka-cert police.pem --kafka-key "
		"police.key\n"
		"  anprctl tail ... --from oldest --count 100 --json | jq .camera_id\n"
		"\n"
		"Lines: captured, mark, partner/camera, confidence, number, agreement and policy version, "
		"camera's name.\n",
	.options = options,
	.common = {kafka_options},
	.run = tail,
};

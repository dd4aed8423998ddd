/* SPDX-License-Identifier: Apache-2.0
 *
 * What a verification makes of a bundle whose source answers as a live cluster may, for the tests: a journal
 * that grows while a round is under way, a question that fails once. Three rounds; a line for each that
 * fails, "round N failed", and for each kind of offence, "KIND COUNT"; then "reads N accounted N questions
 * N".
 *
 *   verify_probe BUNDLE JOURNAL_END[,JOURNAL_END] FAILS
 *     JOURNAL_END  what is answered the first times when asked where the journal ends; 0 = the truth
 *     FAILS        the number of the question that fails; 0 = none
 */
#include "gateway/verify/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verify_source *truth;
static const char *journal;
static long long journal_ends[2];
static long fails, asked;

static struct status partitions(void *context, const char *topic, int32_t *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	return truth->partitions(context, topic, out, e);
}

static struct status next(void *context, const char *topic, int32_t partition, int64_t limit,
	struct verify_record *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	return truth->next(context, topic, partition, limit, out, e);
}

static struct status newest(void *context, const char *topic, int32_t n, int64_t *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	TRY(truth->newest(context, topic, n, out, e));
	if (journal_ends[0] > 0 && strcmp(topic, journal) == 0) {
		out[0] = journal_ends[0];
		journal_ends[0] = journal_ends[1];
		journal_ends[1] = 0;
	}
	return S_OK;
}

static struct status settled(void *context, const char *topic, int32_t n, int64_t *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	return truth->settled(context, topic, n, out, e);
}

static struct status oldest(
	void *context, const char *topic, int32_t partition, int64_t *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	return truth->oldest(context, topic, partition, out, e);
}

static void run(struct verification *v)
{
	for (int i = 0; i < 3; i++) {
		struct error e = {0};

		if (!ok(verification_round(v, &e)))
			printf("round %d failed\n", i + 1);
		error_free(&e);
	}
	for (int kind = 1; kind < OFFENCE_COUNT; kind++) {
		const struct offence *o = verification_offence(v, (enum offence_kind)kind);

		if (o)
			printf("%s %llu\n", offence_name((enum offence_kind)kind), (unsigned long long)o->n);
	}
	printf("reads %llu accounted %llu questions %ld\n",
		(unsigned long long)verification_figures(v)->reads,
		(unsigned long long)verification_figures(v)->reads_accounted, asked);
}

int main(int argc, char **argv)
{
	struct bundle *bundle = NULL;
	struct verify_source source;
	struct verification *v;
	char *more = NULL;

	if (argc != 4 || !ok(bundle_open(argv[1], &bundle, NULL)))
		return 2;
	journal_ends[0] = strtoll(argv[2], &more, 10);
	journal_ends[1] = *more ? strtoll(more + 1, NULL, 10) : 0;
	fails = strtol(argv[3], NULL, 10);
	truth = bundle_source(bundle);
	journal = bundle_topics(bundle)->journal;
	source = *truth;
	source = (struct verify_source){source.context, partitions, newest, settled, oldest, next};
	v = verification_new(bundle_topics(bundle), &source, NULL, NULL);
	if (!v)
		return 2;
	run(v);
	verification_free(v);
	bundle_close(bundle);
	return 0;
}

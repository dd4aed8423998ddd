/* SPDX-License-Identifier: Apache-2.0
 *
 * What a verification makes of a bundle whose source answers as a live cluster may, for the tests: a journal
 * that grows while a round is under way, a question that fails once, topics that grow from round to round.
 * Three rounds, or one more than ENDS has; a line for each that fails, "round N failed", with ENDS one for
 * each, "heap N", the most bytes that were in use during it, and for each kind of offence, "KIND COUNT"; then
 * "reads N accounted N questions N".
 *
 *   verify_probe BUNDLE JOURNAL_END[,JOURNAL_END] FAILS [ENDS]
 *     JOURNAL_END  what is answered the first times when asked where the journal ends; 0 = the truth
 *     FAILS        the number of the question that fails; 0 = none
 *     ENDS         a file with lines "ROUND TOPIC PARTITION END", in the order of their rounds, from 0:
 *                  where a partition ends in that round; what is not named ends where it does
 */
#include "gateway/verify/bundle.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verify_source *truth;
static const char *journal;
static long long journal_ends[2];
static long fails, asked;
static size_t most; /* bytes in use, this round */

/* One round's end of a partition. */
static struct end {
	int round, partition;
	char topic[256];
	long long end;
} * ends, *ends_end, *ends_now; /* ends_now: this round's begin */
static int round_now;

static void heap_look(void)
{
	size_t now = mallinfo2().uordblks;

	most = now > most ? now : most;
}

/* As far as it is there in this round. */
static void cut(const char *topic, int32_t n, int64_t *out)
{
	for (const struct end *at = ends_now; at < ends_end && at->round == round_now; at++)
		if (at->partition < n && strcmp(at->topic, topic) == 0 && at->end < out[at->partition])
			out[at->partition] = at->end;
}

static struct status partitions(void *context, const char *topic, int32_t *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	return truth->partitions(context, topic, out, e);
}

static struct status next(void *context, const char *topic, int32_t partition, int64_t limit,
	struct verify_record *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	if (ends)
		heap_look();
	return truth->next(context, topic, partition, limit, out, e);
}

static struct status newest(void *context, const char *topic, int32_t n, int64_t *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	TRY(truth->newest(context, topic, n, out, e));
	cut(topic, n, out);
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
	TRY(truth->settled(context, topic, n, out, e));
	cut(topic, n, out);
	return S_OK;
}

static struct status oldest(
	void *context, const char *topic, int32_t partition, int64_t *out, struct error *e)
{
	REQUIRE(++asked != fails, S_RETRY);
	return truth->oldest(context, topic, partition, out, e);
}

static bool end_read(char *line, struct end *end)
{
	char *more = NULL;
	const char *topic, *partition, *at;

	end->round = (int)strtol(line, &more, 10);
	topic = strtok_r(more, " ", &more);
	partition = strtok_r(NULL, " ", &more);
	at = strtok_r(NULL, " ", &more);
	if (!at || snprintf(end->topic, sizeof end->topic, "%s", topic) >= (int)sizeof end->topic)
		return false;
	end->partition = (int)strtol(partition, NULL, 10);
	end->end = strtoll(at, NULL, 10);
	return true;
}

static bool ends_read(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t n = 0, room = 0;
	char line[512];
	struct end end;

	while (file && fgets(line, sizeof line, file) && end_read(line, &end)) {
		if (n == room) {
			room = room ? 2 * room : 1024;
			ends = reallocarray(ends, room, sizeof *ends);
		}
		ends[n++] = end;
	}
	if (file)
		fclose(file);
	ends_now = ends;
	ends_end = ends + n;
	return n > 0;
}

static void round_once(struct verification *v, int number)
{
	struct error e = {0};

	most = 0;
	round_now = number;
	while (ends_now < ends_end && ends_now->round < number)
		ends_now++;
	if (!ok(verification_round(v, &e)))
		printf("round %d failed\n", number + 1);
	if (ends)
		printf("heap %zu\n", most);
	error_free(&e);
}

static void run(struct verification *v)
{
	int rounds = ends ? ends_end[-1].round + 2 : 3;

	for (int i = 0; i < rounds; i++)
		round_once(v, i);
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

	if (argc < 4 || argc > 5 || (argc == 5 && !ends_read(argv[4])) ||
		!ok(bundle_open(argv[1], &bundle, NULL)))
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
	free(ends);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, checked: within a partition each must be the one before plus one. The first seen is taken as it
 * comes, since a reader may begin anywhere and a topic is trimmed.
 */
#include "gateway/ctl/sequence.h"

#include <stdio.h>
#include <stdlib.h>

#define PARTNER_MAX 64
#define TOPIC_MAX   249

struct run {
	char partner[PARTNER_MAX + 1], topic[TOPIC_MAX + 1];
	int32_t partition;
	uint64_t next; /* the number that has to come */
};

struct sequences {
	struct run *runs;
	size_t n, cap;
	uint64_t reads, faults;
};

struct sequences *sequences_new(void)
{
	return calloc(1, sizeof(struct sequences));
}

void sequences_free(struct sequences *s)
{
	if (s)
		free(s->runs);
	free(s);
}

static struct run *run_of(struct sequences *s, const char *topic, int32_t partition, struct span partner)
{
	struct run *runs;

	for (size_t i = 0; i < s->n; i++)
		if (s->runs[i].partition == partition && span_is(partner, s->runs[i].partner) &&
			strcmp(s->runs[i].topic, topic) == 0)
			return &s->runs[i];
	if (s->n == s->cap) {
		runs = reallocarray(s->runs, s->cap + 64, sizeof *runs);
		if (!runs)
			abort();
		s->runs = runs;
		s->cap += 64;
	}
	runs = &s->runs[s->n++];
	*runs = (struct run){.partition = partition};
	snprintf(runs->partner, sizeof runs->partner, "%.*s", SPAN_ARG(partner));
	snprintf(runs->topic, sizeof runs->topic, "%s", topic);
	return runs;
}

bool sequences_take(struct sequences *s, const char *topic, int32_t partition, const struct shared_read *read,
	char *words, size_t cap)
{
	uint64_t number = read->partition_sequence, wanted;
	struct run *run;

	s->reads++;
	if (read->partner_id.n == 0 || read->partner_id.n > PARTNER_MAX || number == 0) {
		s->faults++;
		snprintf(words, cap, "%s partition %d: a read without its partner or number", topic,
			partition);
		return false;
	}
	run = run_of(s, topic, partition, read->partner_id);
	wanted = run->next;
	run->next = number + 1;
	if (wanted == 0 || number == wanted)
		return true;
	s->faults++;
	if (number > wanted)
		snprintf(words, cap, "MISSING: %s partition %d: %llu reads of %s, numbers %llu to %llu",
			topic, partition, (unsigned long long)(number - wanted), run->partner,
			(unsigned long long)wanted, (unsigned long long)number - 1);
	else
		snprintf(words, cap, "TWICE: %s partition %d: number %llu of %s came again, %llu was to come",
			topic, partition, (unsigned long long)number, run->partner,
			(unsigned long long)wanted);
	return false;
}

void sequences_spoil(struct sequences *s)
{
	s->faults++;
}

bool sequences_sum(const struct sequences *s, char *words, size_t cap)
{
	if (s->faults)
		snprintf(words, cap, "%llu reads; THE NUMBERS ARE NOT WHOLE: %llu faults, told above",
			(unsigned long long)s->reads, (unsigned long long)s->faults);
	else
		snprintf(words, cap,
			"%llu reads in %zu partitions of a partner; in each the numbers follow: none "
			"missing, none twice",
			(unsigned long long)s->reads, s->n);
	return s->faults == 0;
}

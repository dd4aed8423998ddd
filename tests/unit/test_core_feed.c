/* SPDX-License-Identifier: Apache-2.0
 *
 * Sequence numbers: gap-free through commits and aborts, and taken over only where they make sense.
 */
#include "gateway/core/feed.h"
#include "tests/unit/test_core.h"

#include <stdlib.h>

static struct feed *publish(struct feed_set *set, const char *topic, size_t partition)
{
	struct feed *f = feed_for(set, topic);

	f->sequence++;
	ck_assert_uint_gt(feed_partition_next(f, partition), 0);
	ck_assert(ok(feed_add(f, span_of(&f->sequence, sizeof f->sequence))));
	return f;
}

START_TEST(numbers_have_no_gaps)
{
	struct feed_set set = {0};
	struct feed *f = feed_for(&set, "reads");

	ck_assert_ptr_eq(feed_for(&set, "reads"), f);
	for (uint64_t i = 1; i < 100; i++) {
		ck_assert_uint_eq(feed_partition_next(f, 5), i);
		ck_assert_uint_eq(feed_partition_next(f, i + 5), 1);
	}
	ck_assert_uint_eq(f->partitions[0], 0);
	ck_assert_uint_eq(feed_partition_next(f, 4096), 0); /* no topic has so many */
	ck_assert_uint_eq(feed_partition_next(f, SIZE_MAX - 1), 0);
	ck_assert_uint_eq(feed_partition_next(f, 4095), 1);
	feed_set_free(&set);
}
END_TEST

/* Random transactions, some aborted, against what a list of the committed ones says. */
START_TEST(aborted_numbers_are_used_again)
{
	static const char *const topics[] = {"a", "b", "c"};
	struct feed_set committed = {0}, work = {0};
	uint64_t sequence[3] = {0}, partition[3][8] = {{0}}, state = 17;
	struct digest digest[3] = {0};

	for (int i = 0; i < 3000; i++) {
		uint64_t next[3][8];
		int sent = (int)(next_random(&state) % 5);
		bool abort = next_random(&state) % 3 == 0;

		ck_assert(ok(feed_set_copy(&work, &committed)));
		memcpy(next, partition, sizeof next);
		for (size_t t = 0; t < work.n; t++)
			ck_assert(!work.items[t].touched);
		for (int n = 0; n < sent; n++) {
			uint32_t t = next_random(&state) % (i < 1000          ? 1
								   : i < 2000 ? 2
									      : 3),
				 at = next_random(&state) % 8;
			struct feed *f = publish(&work, topics[t], at);

			ck_assert_uint_eq(f->partitions[at], ++next[t][at]);
			if (!abort) {
				sequence[t]++;
				digest[t] =
					digest_chain(&digest[t], span_of(&sequence[t], sizeof sequence[t]));
			}
		}
		if (abort)
			continue;
		memcpy(partition, next, sizeof next);
		ck_assert(ok(feed_set_copy(&committed, &work)));
		for (size_t t = 0; t < 3; t++) {
			const struct feed *f = sequence[t] ? feed_for(&committed, topics[t]) : NULL;

			ck_assert(!f || (f->sequence == sequence[t] && digest_equal(&f->digest, &digest[t])));
			for (size_t at = 0; f && at < 8; at++)
				ck_assert(partition[t][at] == (at < f->n_partitions ? f->partitions[at] : 0));
		}
	}
	feed_set_free(&committed);
	feed_set_free(&work);
}
END_TEST

/* An aborted transaction had begun a feed; meanwhile another node published into another topic. */
START_TEST(another_nodes_numbers_are_kept)
{
	struct feed_set committed = {0}, work = {0};

	publish(&work, "begun and aborted", 0);
	for (int i = 0; i < 41; i++)
		publish(&committed, "another node's", 3);
	ck_assert(ok(feed_set_copy(&work, &committed)));
	ck_assert_uint_eq(work.n, 1);
	ck_assert_str_eq(work.items[0].topic, "another node's");
	ck_assert_uint_eq(publish(&work, "another node's", 3)->sequence, 42);
	ck_assert_uint_eq(publish(&work, "begun and aborted", 0)->sequence, 1);
	feed_set_free(&committed);
	feed_set_free(&work);
}
END_TEST

START_TEST(state_travels_as_messages)
{
	struct feed_set set = {0}, back = {0};
	struct arena arena = {0}, small = {.max = 8};
	Anpr__V1__Feed **messages;
	size_t n;

	messages = feed_messages(&set, false, &n, &arena);
	ck_assert(messages && n == 0);
	publish(&set, "a", 3);
	publish(&set, "a", 0);
	publish(&set, "b", 0);
	feed_for(&set, "a")->touched = false;
	messages = feed_messages(&set, true, &n, &arena);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(messages[0]->topic, "b");
	messages = feed_messages(&set, false, &n, &arena);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(messages[0]->n_partitions, 2); /* only those used */
	for (size_t i = 0; i < n; i++)
		ck_assert(ok(feed_take_over(&back, messages[i])));
	ck_assert_uint_eq(back.n, 2);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(back.items[i].sequence, set.items[i].sequence);
		ck_assert(digest_equal(&back.items[i].digest, &set.items[i].digest));
		ck_assert_mem_eq(back.items[i].partitions, set.items[i].partitions,
			set.items[i].n_partitions * sizeof(uint64_t));
	}
	ck_assert_ptr_null(feed_messages(&set, false, &n, &small));
	feed_set_free(&set);
	feed_set_free(&back);
	arena_free(&arena);
	arena_free(&small);
}
END_TEST

static const struct bad_row {
	size_t digest_length;
	uint32_t partition;
	enum status_kind want;
} bad_rows[] = {
	{32, 0, STATUS_OK},
	{32, 4095, STATUS_OK},
	{32, 4096, STATUS_BAD_INPUT},
	{32, UINT32_MAX, STATUS_BAD_INPUT},
	{0, 0, STATUS_BAD_INPUT},
	{31, 0, STATUS_BAD_INPUT},
	{33, 0, STATUS_BAD_INPUT},
};

START_TEST(nonsense_is_not_taken_over)
{
	Anpr__V1__PartitionSequence sequence = ANPR__V1__PARTITION_SEQUENCE__INIT, *sequences[] = {&sequence};
	Anpr__V1__Feed m = ANPR__V1__FEED__INIT;
	struct feed_set set = {0};
	uint8_t digest[64] = {0};

	sequence.partition = bad_rows[_i].partition;
	sequence.sequence = 9;
	m.topic = "reads";
	m.digest = (ProtobufCBinaryData){bad_rows[_i].digest_length, digest};
	m.n_partitions = 1;
	m.partitions = sequences;
	ck_assert_int_eq(feed_take_over(&set, &m).kind, bad_rows[_i].want);
	feed_set_free(&set);
}
END_TEST

/* What a ledger record says of a feed: where the digest stood after each read of the transaction, and no
 * other. */
START_TEST(steps_are_of_one_transaction)
{
	struct feed_set committed = {0}, work = {0};
	struct arena arena = {0};

	for (size_t sent = 1; sent <= 1000; sent *= 10) {
		struct digest d = {0};
		Anpr__V1__Feed **messages;
		size_t n;

		ck_assert(ok(feed_set_copy(&work, &committed)));
		d = feed_for(&work, "reads")->digest;
		for (size_t i = 0; i < sent; i++)
			publish(&work, "reads", i % 3);
		messages = feed_messages(&work, true, &n, &arena);
		ck_assert_uint_eq(n, 1);
		ck_assert_uint_eq(messages[0]->n_steps, sent);
		for (size_t i = 0; i < sent; i++) {
			uint64_t sequence = messages[0]->sequence - sent + 1 + i;

			d = digest_chain(&d, span_of(&sequence, sizeof sequence));
			ck_assert_uint_eq(messages[0]->steps[i] & 0xff, d.v[0]);
			ck_assert_uint_eq(messages[0]->steps[i] >> 24, d.v[3]);
		}
		ck_assert(ok(feed_set_copy(&committed, &work)));
		ck_assert_uint_eq(feed_messages(&committed, false, &n, &arena)[0]->n_steps, 0);
	}
	feed_set_free(&committed);
	feed_set_free(&work);
	arena_free(&arena);
}
END_TEST

TCase *case_feed(void)
{
	TCase *c = tcase_create("feed");
	tcase_set_timeout(c, 60);
	tcase_add_test(c, numbers_have_no_gaps);
	tcase_add_test(c, aborted_numbers_are_used_again);
	tcase_add_test(c, another_nodes_numbers_are_kept);
	tcase_add_test(c, state_travels_as_messages);
	tcase_add_test(c, steps_are_of_one_transaction);
	tcase_add_loop_test(c, nonsense_is_not_taken_over, 0, ROWS(bad_rows));
	return c;
}

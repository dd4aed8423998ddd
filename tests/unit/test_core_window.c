/* SPDX-License-Identifier: Apache-2.0
 *
 * The window against a list, over random additions, removals and time going by.
 */
#include "gateway/core/window.h"
#include "tests/unit/test_core.h"

#include <stdlib.h>

#define LENGTH_MS 900000

/* --- a plain one to compare with --- */

enum { LIST_MAX = 60000 };

static struct entry {
	uint64_t hash;
	int64_t at;
} list[LIST_MAX];
static size_t listed;

static struct entry *list_find(uint64_t hash)
{
	for (size_t i = 0; i < listed; i++)
		if (list[i].hash == hash)
			return &list[i];
	return NULL;
}

static void list_add(uint64_t hash, int64_t at)
{
	struct entry *e = list_find(hash);

	if (!e)
		e = &list[listed++];
	*e = (struct entry){hash, at};
}

static void list_remove(uint64_t hash)
{
	struct entry *e = list_find(hash);

	if (e)
		*e = list[--listed];
}

static bool list_has(uint64_t hash, int64_t now)
{
	const struct entry *e = list_find(hash);

	return e && e->at > now - LENGTH_MS;
}

/* --- */

/* How the hashes lie: all over; crowded in one place; crowded around the table's end, where probing wraps. */
static uint64_t any_hash(uint64_t *state)
{
	return ((uint64_t)next_random(state) << 32 | next_random(state)) % 3000 *
		       UINT64_C(0x9e3779b97f4a7c15) +
	       1;
}

static uint64_t crowded_hash(uint64_t *state)
{
	return (uint64_t)(next_random(state) % 700) << 20 | 5;
}

static uint64_t wrapping_hash(uint64_t *state)
{
	uint32_t r = next_random(state);

	return ((uint64_t)(1 + r % 40) << 32) - 16 + r / 64 % 32;
}

static const struct pattern {
	uint64_t (*hash)(uint64_t *state);
	int64_t step_ms; /* how fast time goes by */
} patterns[] = {
	{any_hash, 0},
	{any_hash, 500},
	{any_hash, 40000},
	{crowded_hash, 0},
	{crowded_hash, 2000},
	{wrapping_hash, 0},
	{wrapping_hash, 1000},
	{wrapping_hash, 100000},
};

START_TEST(the_window_is_as_a_list)
{
	const struct pattern *pattern = &patterns[_i];
	uint64_t state = 42 + (unsigned)_i;
	int64_t now = 1000000000;
	struct window w;

	window_init(&w, LENGTH_MS);
	listed = 0;
	for (int i = 0; i < 20000; i++) {
		uint64_t hash = pattern->hash(&state);
		uint32_t what = next_random(&state) % 8;

		now += pattern->step_ms ? next_random(&state) % pattern->step_ms : 0;
		if (what < 4 && listed < LIST_MAX) {
			if (!ok(window_add(&w, hash, (struct utc_ms){now})))
				ck_abort();
			list_add(hash, now);
		} else if (what < 6) {
			window_remove(&w, hash);
			list_remove(hash);
		}
		if (window_has(&w, hash, (struct utc_ms){now}) != list_has(hash, now))
			ck_abort_msg("operation %d: hash %llx", i, (unsigned long long)hash);
	}
	for (int i = 0; i < 5000; i++) {
		uint64_t hash = pattern->hash(&state);

		if (window_has(&w, hash, (struct utc_ms){now}) != list_has(hash, now))
			ck_abort_msg("at the end: hash %llx", (unsigned long long)hash);
	}
	window_fini(&w);
}
END_TEST

/* Taking everything back leaves an empty table, in whatever order: no hash is stranded behind a hole. */
START_TEST(what_is_taken_back_was_never_there)
{
	enum { N = 400 };
	uint64_t hashes[N], state = 7;
	struct utc_ms now = {1000000000};
	struct window w;

	window_init(&w, LENGTH_MS);
	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < N; i++) {
			hashes[i] = round % 2 ? wrapping_hash(&state) : crowded_hash(&state);
			ck_assert(ok(window_add(&w, hashes[i], now)));
		}
		for (int i = N - 1; i > 0; i--) {
			int other = (int)(next_random(&state) % (unsigned)(i + 1));
			uint64_t swap = hashes[i];

			hashes[i] = hashes[other];
			hashes[other] = swap;
		}
		for (int i = 0; i < N; i++) {
			window_remove(&w, hashes[i]);
			for (int rest = i + 1; rest < N && rest < i + 20; rest++) {
				bool again = false;

				for (int gone = 0; gone <= i; gone++)
					again |= hashes[gone] == hashes[rest];
				if (window_has(&w, hashes[rest], now) == again)
					ck_abort_msg("round %d, hash %d of %d", round, rest, i);
			}
		}
		ck_assert_uint_eq(w.n, 0);
	}
	window_fini(&w);
}
END_TEST

static const struct age_row {
	int64_t added, asked;
	bool want;
} age_rows[] = {
	{0, 0, true},
	{0, LENGTH_MS - 1, true},
	{0, LENGTH_MS, false},
	{0, LENGTH_MS + 1, false},
	{5000, 0, true}, /* the clock was put back */
	{-LENGTH_MS, 0, false},
	{-LENGTH_MS + 1, 0, true},
};

START_TEST(it_is_as_long_as_it_is)
{
	struct window w;

	window_init(&w, LENGTH_MS);
	ck_assert(!window_has(&w, 77, (struct utc_ms){age_rows[_i].asked}));
	window_remove(&w, 77);
	ck_assert(ok(window_add(&w, 77, (struct utc_ms){age_rows[_i].added})));
	ck_assert_int_eq(window_has(&w, 77, (struct utc_ms){age_rows[_i].asked}), age_rows[_i].want);
	ck_assert(!window_has(&w, 78, (struct utc_ms){age_rows[_i].asked}));
	window_fini(&w);
}
END_TEST

/* Ten windows' worth of reads: memory stays that of one. */
START_TEST(what_is_old_makes_room)
{
	size_t most = 0;
	struct window w;

	window_init(&w, LENGTH_MS);
	for (int64_t i = 0; i < 10 * LENGTH_MS; i += 100) { /* 9,000 a window */
		uint64_t hash = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + 1;

		if (!ok(window_add(&w, hash, (struct utc_ms){i})))
			ck_abort();
		most = w.cap > most ? w.cap : most;
	}
	ck_assert_uint_le(most, 32768); /* 16 bytes each */
	window_fini(&w);
}
END_TEST

/* A partner's ids are its own, no two ways of cutting the same bytes are one, and the key matters. */
START_TEST(hashes_tell_ids_apart)
{
	struct window w, other;
	uint64_t hash;
	char longer[600];

	memset(longer, 'x', sizeof longer);
	window_init(&w, LENGTH_MS);
	window_init(&other, LENGTH_MS);
	other.key[15] = 1;
	hash = window_hash(&w, span_text("tfl"), span_text("read-1"));
	ck_assert_uint_ne(hash, 0);
	ck_assert_uint_eq(hash, window_hash(&w, span_text("tfl"), span_text("read-1")));
	ck_assert_uint_ne(hash, window_hash(&w, span_text("tfl"), span_text("read-2")));
	ck_assert_uint_ne(hash, window_hash(&w, span_text("nh"), span_text("read-1")));
	ck_assert_uint_ne(hash, window_hash(&w, span_text("tflr"), span_text("ead-1")));
	ck_assert_uint_ne(hash, window_hash(&w, span_text("tf"), span_text("lread-1")));
	ck_assert_uint_ne(hash, window_hash(&other, span_text("tfl"), span_text("read-1")));
	ck_assert_uint_ne(window_hash(&w, span_text("tfl"), span_of(longer, sizeof longer)), 0);
	window_fini(&w);
	window_fini(&other);
}
END_TEST

TCase *case_window(void)
{
	TCase *c = tcase_create("window");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, the_window_is_as_a_list, 0, ROWS(patterns));
	tcase_add_test(c, what_is_taken_back_was_never_there);
	tcase_add_loop_test(c, it_is_as_long_as_it_is, 0, ROWS(age_rows));
	tcase_add_test(c, what_is_old_makes_room);
	tcase_add_test(c, hashes_tell_ids_apart);
	return c;
}

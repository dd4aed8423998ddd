/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts: added up as a plain table does, the same after a journey as a message, refused where a message is
 * wrong.
 */
#include "gateway/core/totals.h"
#include "tests/unit/test_core.h"

#include <stdio.h>
#include <stdlib.h>

enum { CAMERAS = 300 };

static void name_camera(char *to, unsigned n)
{
	snprintf(to, READ_CAMERA_MAX + 1, n == 0 ? "" : n % 2 ? "C%u" : "ULEZ-%05u", n);
}

static void table_add(struct camera_count *to, const struct camera_count *more)
{
	to->received += more->received;
	to->permitted += more->permitted;
	to->denied += more->denied;
	for (int i = 0; i < NOTICES; i++)
		to->noticed[i] += more->noticed[i];
	if (more->timed > 0)
		to->least_delay_ms = to->timed == 0 || more->least_delay_ms < to->least_delay_ms
					     ? more->least_delay_ms
					     : to->least_delay_ms;
	to->timed += more->timed;
}

/* Random counts, and the same in a plain table. */
static void fill(struct totals *t, uint64_t *state, struct camera_count *table, int n)
{
	for (int i = 0; i < n; i++) {
		unsigned camera = next_random(state) % CAMERAS;
		uint64_t received = next_random(state) % 5, permitted = received / 2;
		char id[READ_CAMERA_MAX + 1];

		name_camera(id, camera);
		struct camera_count count = {.received = received,
			.permitted = permitted,
			.denied = received - permitted,
			.timed = received > 0,
			.least_delay_ms = (int64_t)(next_random(state) % 1000) - 500};

		count.noticed[next_random(state) % NOTICES] = permitted;
		ck_assert(ok(totals_camera(t, span_text(id), &count)));
		table_add(&table[camera], &count);
		t->received += received;
		t->permitted += permitted;
		t->published += 2 * permitted;
		t->denied[1 + next_random(state) % (REASON_COUNT - 1)] += received - permitted;
		t->rejected[1 + next_random(state) % (REJECTION_COUNT - 1)]++;
		t->received++;
	}
}

static void assert_sorted(const struct totals *t)
{
	for (size_t i = 1; i < t->n_cameras; i++)
		if (strcmp(t->cameras[i - 1].id, t->cameras[i].id) >= 0)
			ck_abort_msg("%s before %s", t->cameras[i - 1].id, t->cameras[i].id);
}

static void assert_table(const struct totals *t, const struct camera_count *table)
{
	size_t n = 0;

	assert_sorted(t);
	for (unsigned camera = 0; camera < CAMERAS; camera++) {
		char id[READ_CAMERA_MAX + 1];

		name_camera(id, camera);
		for (size_t i = 0; i < t->n_cameras; i++)
			if (strcmp(t->cameras[i].id, id) == 0) {
				n++;
				ck_assert_uint_eq(t->cameras[i].received, table[camera].received);
				ck_assert_uint_eq(t->cameras[i].permitted, table[camera].permitted);
				ck_assert_uint_eq(t->cameras[i].denied, table[camera].denied);
				ck_assert_mem_eq(t->cameras[i].noticed, table[camera].noticed,
					sizeof table[camera].noticed);
				ck_assert_uint_eq(t->cameras[i].timed, table[camera].timed);
				ck_assert_int_eq(t->cameras[i].least_delay_ms, table[camera].least_delay_ms);
			}
	}
	ck_assert_uint_eq(n, t->n_cameras);
	ck_assert_uint_eq(t->received, t->permitted + totals_denied(t) + totals_rejected(t));
}

START_TEST(counts_are_as_in_a_table)
{
	static struct camera_count table[CAMERAS];
	struct totals t = {0};
	uint64_t state = 3;

	fill(&t, &state, table, 5000);
	assert_table(&t, table);
	totals_clear(&t);
	ck_assert_uint_eq(t.n_cameras + t.received + totals_denied(&t) + totals_rejected(&t), 0);
	memset(table, 0, sizeof table);
	fill(&t, &state, table, 50);
	assert_table(&t, table);
	totals_free(&t);
}
END_TEST

static const struct add_row {
	int first, second;
} add_rows[] = {{0, 0}, {0, 100}, {100, 0}, {3, 400}, {400, 3}, {2000, 2000}};

/* Sums are sums, with cameras or without, however the two overlap. */
START_TEST(counts_add_up)
{
	static struct camera_count table[CAMERAS], other[CAMERAS];
	struct totals sum = {0}, more = {0}, bare = {0};
	uint64_t state = 11;

	fill(&sum, &state, table, add_rows[_i].first);
	fill(&more, &state, other, add_rows[_i].second);
	ck_assert(ok(totals_add(&bare, &sum, false)));
	ck_assert(ok(totals_add(&bare, &more, false)));
	ck_assert(ok(totals_add(&sum, &more, true)));
	for (int i = 0; i < CAMERAS; i++) {
		table_add(&table[i], &other[i]);
	}
	assert_table(&sum, table);
	assert_table(&more, other); /* untouched */
	ck_assert_uint_eq(bare.n_cameras, 0);
	ck_assert_uint_eq(bare.received, sum.received);
	ck_assert_uint_eq(bare.published, sum.published);
	ck_assert_mem_eq(bare.denied, sum.denied, sizeof sum.denied);
	ck_assert_mem_eq(bare.rejected, sum.rejected, sizeof sum.rejected);
	totals_free(&sum);
	totals_free(&more);
	totals_free(&bare);
}
END_TEST

/* To a message and its bytes, cut into parts of cameras, and back. */
START_TEST(counts_travel_as_messages)
{
	static struct camera_count table[CAMERAS];
	struct totals t = {.classes_dropped = 9}, back = {0};
	struct arena arena = {0};
	uint64_t state = 5;
	size_t half;

	fill(&t, &state, table, 3000);
	half = t.n_cameras / 2;
	for (int part = 0; part < 2; part++) {
		Anpr__V1__Totals *m = totals_message(&t, part ? half : 0, part ? t.n_cameras : half, &arena),
				 *copy;
		uint8_t *bytes = malloc(anpr__v1__totals__get_packed_size(m));
		size_t n = anpr__v1__totals__pack(m, bytes);

		copy = anpr__v1__totals__unpack(NULL, n, bytes);
		ck_assert_ptr_nonnull(copy);
		ck_assert(ok(totals_add_message(&back, copy)));
		anpr__v1__totals__free_unpacked(copy, NULL);
		free(bytes);
	}
	assert_sorted(&back);
	ck_assert_uint_eq(back.n_cameras, t.n_cameras);
	ck_assert_mem_eq(back.cameras, t.cameras, t.n_cameras * sizeof t.cameras[0]);
	ck_assert_uint_eq(back.received, 2 * t.received); /* every part repeats the totals */
	ck_assert_uint_eq(back.classes_dropped, 18);
	for (int i = 0; i < REASON_COUNT; i++)
		ck_assert_uint_eq(back.denied[i], 2 * t.denied[i]);
	for (int i = 0; i < REJECTION_COUNT; i++)
		ck_assert_uint_eq(back.rejected[i], 2 * t.rejected[i]);
	totals_free(&t);
	totals_free(&back);
	arena_free(&arena);
}
END_TEST

START_TEST(nothing_counted_is_an_empty_message)
{
	struct totals t = {0};
	struct arena arena = {0}, small = {.max = 8};
	Anpr__V1__Totals *m = totals_message(&t, 0, 0, &arena);

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(anpr__v1__totals__get_packed_size(m), 0);
	ck_assert_ptr_null(totals_message(&t, 0, 0, &small));
	arena_free(&arena);
	arena_free(&small);
}
END_TEST

static const int reasons[] = {REASON_COUNT, REASON_COUNT + 1, 1000000, -1, INT32_MIN, INT32_MAX};

START_TEST(unknown_reasons_are_refused)
{
	Anpr__V1__ReasonCount denied = ANPR__V1__REASON_COUNT__INIT, *all_denied[] = {&denied};
	Anpr__V1__RejectionCount rejected = ANPR__V1__REJECTION_COUNT__INIT, *all_rejected[] = {&rejected};
	Anpr__V1__Totals m = ANPR__V1__TOTALS__INIT;
	struct totals t = {0};

	denied.reason = (Anpr__V1__Reason)reasons[_i];
	rejected.rejection = (Anpr__V1__Rejection)reasons[_i];
	m.n_denied = 1;
	m.denied = all_denied;
	ck_assert_int_eq(totals_add_message(&t, &m).kind, STATUS_BAD_INPUT);
	m.n_denied = 0;
	m.n_rejected = 1;
	m.rejected = all_rejected;
	ck_assert_int_eq(totals_add_message(&t, &m).kind, STATUS_BAD_INPUT);
	totals_free(&t);
}
END_TEST

START_TEST(camera_names_have_a_longest)
{
	char id[READ_CAMERA_MAX + 2];
	struct camera_count one = {.received = 1, .permitted = 1};
	struct totals t = {0};

	memset(id, 'x', sizeof id);
	ck_assert_int_eq(totals_camera(&t, span_of(id, READ_CAMERA_MAX + 1), &one).kind, STATUS_BAD_INPUT);
	ck_assert(ok(totals_camera(&t, span_of(id, READ_CAMERA_MAX), &one)));
	ck_assert(ok(totals_camera(&t, span_of(NULL, 0), &one)));
	ck_assert(ok(totals_camera(&t, span_text(""), &one)));
	ck_assert_uint_eq(t.n_cameras, 2);
	ck_assert_uint_eq(t.cameras[0].received, 2);
	ck_assert_uint_eq(strlen(t.cameras[1].id), READ_CAMERA_MAX);
	totals_free(&t);
}
END_TEST

TCase *case_totals(void)
{
	TCase *c = tcase_create("totals");
	tcase_set_timeout(c, 60);
	tcase_add_test(c, counts_are_as_in_a_table);
	tcase_add_loop_test(c, counts_add_up, 0, ROWS(add_rows));
	tcase_add_test(c, counts_travel_as_messages);
	tcase_add_test(c, nothing_counted_is_an_empty_message);
	tcase_add_loop_test(c, unknown_reasons_are_refused, 0, ROWS(reasons));
	tcase_add_test(c, camera_names_have_a_longest);
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Suspected misreads: which pairs are noticed, which of the two is to blame, and that nothing stays.
 */
#include "gateway/core/misread.h"

#include "tests/unit/test_core.h"

#include <stdio.h>

#define NOW INT64_C(1795348800000)

static struct misreads m;

static void begin(void)
{
	ck_assert(ok(misreads_init(&m)));
}

static enum misread look(const char *camera, const char *vrm, int64_t captured, double confidence)
{
	struct read read = {.captured_at = {captured},
		.has = confidence >= 0 ? READ_HAS_CONFIDENCE : 0,
		.confidence = confidence >= 0 ? confidence : 0};

	return misread_look(
		&m, span_text("p"), span_text(camera), span_text(vrm), &read, (struct utc_ms){NOW});
}

static const struct {
	const char *name, *first, *then;
	int64_t after_ms;
	double confidence, confidence_then; /* negative: none given */
	enum misread want;
} rows[] = {
	{"the same mark", "AB12CDE", "AB12CDE", 1000, 0.9, 0.8, MISREAD_NONE},
	{"0 for O", "AO12CDE", "A012CDE", 1000, 0.9, 0.8, MISREAD_THIS},
	{"1 for I", "AB12CDI", "AB12CD1", 1000, 0.9, 0.8, MISREAD_THIS},
	{"8 for B", "AB12CDE", "A812CDE", 1000, 0.9, 0.8, MISREAD_THIS},
	{"5 for S", "AS12CDE", "A512CDE", 1000, 0.9, 0.8, MISREAD_THIS},
	{"Z for 2", "AB12CDE", "AB1ZCDE", 1000, 0.9, 0.8, MISREAD_THIS},
	{"A for 4", "AB14CDE", "AB1ACDE", 1000, 0.9, 0.8, MISREAD_THIS},
	{"the earlier one is the less sure", "AB12CDE", "A812CDE", 1000, 0.7, 0.9, MISREAD_EARLIER},
	{"equally sure: the later", "AB12CDE", "A812CDE", 1000, 0.9, 0.9, MISREAD_THIS},
	{"neither says how sure", "AB12CDE", "A812CDE", 1000, -1, -1, MISREAD_THIS},
	{"only the later says so", "AB12CDE", "A812CDE", 1000, -1, 0.9, MISREAD_THIS},
	{"another mark", "AB12CDE", "AB13CDE", 1000, 0.9, 0.8, MISREAD_NONE},
	{"one character less", "AB12CDE", "AB12CD", 1000, 0.9, 0.8, MISREAD_NONE},
	{"the same characters elsewhere", "AB12CDE", "BA12CDE", 1000, 0.9, 0.8, MISREAD_NONE},
	{"ten seconds apart", "AB12CDE", "A812CDE", 10000, 0.9, 0.8, MISREAD_THIS},
	{"longer apart", "AB12CDE", "A812CDE", 10001, 0.9, 0.8, MISREAD_NONE},
	{"captured before, sent after", "AB12CDE", "A812CDE", -10000, 0.9, 0.8, MISREAD_THIS},
	{"captured long before", "AB12CDE", "A812CDE", -10001, 0.9, 0.8, MISREAD_NONE},
	{"stamped at the end of time", "AB12CDE", "A812CDE", INT64_C(253402300799999) - NOW, 0.9, 0.8,
		MISREAD_NONE},
	{"nothing", "", "", 0, 0.9, 0.8, MISREAD_NONE},
};

START_TEST(pairs)
{
	begin();
	ck_assert_int_eq(look("c", rows[_i].first, NOW, rows[_i].confidence), MISREAD_NONE);
	ck_assert_msg(
		look("c", rows[_i].then, NOW + rows[_i].after_ms, rows[_i].confidence_then) == rows[_i].want,
		"%s", rows[_i].name);
	misreads_fini(&m);
}
END_TEST

START_TEST(cameras_are_not_compared)
{
	begin();
	look("c", "AB12CDE", NOW, 0.9);
	ck_assert_int_eq(look("d", "A812CDE", NOW, 0.9), MISREAD_NONE);
	ck_assert_int_eq(look("c", "A812CDE", NOW, 0.9), MISREAD_THIS);
	misreads_fini(&m);
}
END_TEST

START_TEST(an_aborted_transaction_leaves_nothing)
{
	begin();
	look("c", "AB12CDE", NOW, 0.9);
	for (int attempt = 0; attempt < 3; attempt++) {
		misreads_begin(&m);
		ck_assert_int_eq(look("c", "XY34ZZZ", NOW, 0.9), MISREAD_NONE);
		ck_assert_int_eq(look("c", "A812CDE", NOW, 0.9), MISREAD_THIS);
		ck_assert_int_eq(look("c", "XV34ZZZ", NOW, 0.9), MISREAD_THIS);
		misreads_take_back(&m);
		ck_assert_uint_eq(m.head - m.tail, 1);
	}
	misreads_fini(&m);
}
END_TEST

START_TEST(what_is_older_than_the_window_is_wiped)
{
	begin();
	look("c", "AB12CDE", NOW, 0.9);
	misreads_expire(&m, (struct utc_ms){NOW + MISREAD_WINDOW_MS});
	ck_assert_uint_eq(m.head - m.tail, 1);
	misreads_expire(&m, (struct utc_ms){NOW + MISREAD_WINDOW_MS + 1});
	ck_assert_uint_eq(m.head - m.tail, 0);
	ck_assert_int_eq(look("c", "A812CDE", NOW, 0.9), MISREAD_NONE);
	misreads_expire(&m, (struct utc_ms){NOW - MISREAD_WINDOW_MS - 1}); /* the clock was set back */
	ck_assert_uint_eq(m.head - m.tail, 0);
	misreads_fini(&m);
}
END_TEST

/* More than fit, one mark over and over, and an abort after all of it. */
START_TEST(it_is_bounded)
{
	begin();
	for (int i = 0; i < 100000; i++) {
		char vrm[16];

		snprintf(vrm, sizeof vrm, "V%c%06d", 'C' + i % 2, i % 2 ? 7 : i);
		look("c", vrm, NOW, 0.9);
	}
	ck_assert_uint_le(m.head - m.tail, 16384);
	misreads_take_back(&m);
	ck_assert_uint_eq(m.head - m.tail, 0);
	look("c", "AB12CDE", NOW, 0.9);
	ck_assert_int_eq(look("c", "A812CDE", NOW, 0.9), MISREAD_THIS);
	misreads_fini(&m);
}
END_TEST

TCase *case_misread(void)
{
	TCase *c = tcase_create("misread");
	tcase_add_loop_test(c, pairs, 0, ROWS(rows));
	tcase_add_test(c, cameras_are_not_compared);
	tcase_add_test(c, an_aborted_transaction_leaves_nothing);
	tcase_add_test(c, what_is_older_than_the_window_is_wiped);
	tcase_add_test(c, it_is_bounded);
	return c;
}

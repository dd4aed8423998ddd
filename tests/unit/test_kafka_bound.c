/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls on a thread of their own: those that return, those that do not, and who frees what.
 */
#include "tests/unit/test_kafka.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/bound.h"

#include <stdatomic.h>

static atomic_int calls, ended;
static atomic_bool release;

static void quick(void *context)
{
	(void)context;
	atomic_fetch_add(&calls, 1);
}

static void stuck(void *context)
{
	(void)context;
	while (!atomic_load(&release))
		clock_sleep_ms(1);
	atomic_fetch_add(&calls, 1);
}

static void last(void *context)
{
	*(atomic_int *)context += 1;
}

START_TEST(returns)
{
	struct bound *b = bound_new();

	ck_assert_ptr_nonnull(b);
	for (int i = 0; i < 100; i++)
		ck_assert(bound_run(b, quick, NULL, 5000));
	ck_assert_int_eq(atomic_load(&calls), 100);
	bound_end(b, last, &ended, 5000);
	ck_assert_int_eq(atomic_load(&ended), 1);
	bound_end(bound_new(), NULL, NULL, 5000);
}
END_TEST

/* The one who waits comes back in time, whatever the call does; what it uses is freed after it. */
START_TEST(outstays)
{
	struct bound *b = bound_new();
	int64_t begun = clock_monotonic_ms();

	ck_assert(!bound_run(b, stuck, NULL, 30));
	ck_assert(!bound_wait(b, 0));
	bound_end(b, last, &ended, 30);
	ck_assert_int_lt(clock_monotonic_ms() - begun, 3000);
	ck_assert_int_eq(atomic_load(&ended), 0);
	atomic_store(&release, true);
	for (int i = 0; i < 5000 && !atomic_load(&ended); i++)
		clock_sleep_ms(1);
	ck_assert_int_eq(atomic_load(&calls), 1);
	ck_assert_int_eq(atomic_load(&ended), 1);
}
END_TEST

/* It comes back late, but before anybody has given it up. */
START_TEST(late)
{
	struct bound *b = bound_new();

	bound_start(b, stuck, NULL);
	ck_assert(!bound_wait(b, 10));
	atomic_store(&release, true);
	ck_assert(bound_wait(b, 5000));
	ck_assert(bound_run(b, quick, NULL, 5000));
	ck_assert_int_eq(atomic_load(&calls), 2);
	bound_end(b, last, &ended, 5000);
}
END_TEST

TCase *case_bound(void)
{
	TCase *tests = tcase_create("bound");

	tcase_add_test(tests, returns);
	tcase_add_test(tests, outstays);
	tcase_add_test(tests, late);
	return tests;
}

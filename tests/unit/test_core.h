/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of gateway/core.
 */
#ifndef ANPR_TESTS_UNIT_TEST_CORE_H
#define ANPR_TESTS_UNIT_TEST_CORE_H

#include <check.h>
#include <stdint.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

/* Random numbers that are the same in every run. */
static inline uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

TCase *case_window(void);
TCase *case_totals(void);
TCase *case_feed(void);
TCase *case_partner(void);
TCase *case_batch(void);
TCase *case_misread(void);
TCase *case_trial(void);

#endif

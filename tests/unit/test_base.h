/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of gateway/base.
 */
#ifndef ANPR_TESTS_UNIT_TEST_BASE_H
#define ANPR_TESTS_UNIT_TEST_BASE_H

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

TCase *case_memory(void);
TCase *case_clock(void);
TCase *case_digest(void);
TCase *case_file(void);
TCase *case_words(void);

#endif

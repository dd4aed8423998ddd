/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of gateway/source.
 */
#ifndef ANPR_TESTS_UNIT_TEST_SOURCE_H
#define ANPR_TESTS_UNIT_TEST_SOURCE_H

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

TCase *case_ndjson(void);
TCase *case_lines(void);
TCase *case_gather(void);

#endif

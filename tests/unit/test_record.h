/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of gateway/record.
 */
#ifndef ANPR_TESTS_UNIT_TEST_RECORD_H
#define ANPR_TESTS_UNIT_TEST_RECORD_H

#include "gateway/record/record.h"

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])
#define DAY_MS      INT64_C(86400000)
#define NOW_MS      INT64_C(1793534400000) /* 2026-11-01T12:00:00Z */

TCase *case_cms(void);
TCase *case_journal(void);
TCase *case_command(void);
TCase *case_document(void);
TCase *case_ledger(void);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of gateway/kafka.
 */
#ifndef ANPR_TESTS_UNIT_TEST_KAFKA_H
#define ANPR_TESTS_UNIT_TEST_KAFKA_H

#include "gateway/kafka/cluster_internal.h"

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])
#define DAY_MS      INT64_C(86400000)

/* One recipient, one verifier; its lists are changed by who asks. */
struct cluster_wanted kafka_wanted(void);
struct cluster_spec *kafka_spec(void);

TCase *case_bound(void);
TCase *case_wire(void);
TCase *case_spec(void);
TCase *case_compare(void);
TCase *case_mock(void);

#endif

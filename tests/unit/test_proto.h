/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of proto/.
 */
#ifndef ANPR_TESTS_UNIT_TEST_PROTO_H
#define ANPR_TESTS_UNIT_TEST_PROTO_H

#include "proto/read.h"

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

/* Every field there, every field in order. */
struct read good_read(void);
TCase *case_read(void);

#endif

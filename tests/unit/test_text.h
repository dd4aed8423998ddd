/* SPDX-License-Identifier: Apache-2.0
 *
 * The suites of unit_text.
 */
#ifndef ANPR_TESTS_UNIT_TEST_TEXT_H
#define ANPR_TESTS_UNIT_TEST_TEXT_H

#include <check.h>

Suite *suite_text_agreement(void);
Suite *suite_text_register(void);
Suite *suite_text_examples(void);

#endif

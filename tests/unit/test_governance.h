/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of gateway/governance.
 */
#ifndef ANPR_TESTS_UNIT_TEST_GOVERNANCE_H
#define ANPR_TESTS_UNIT_TEST_GOVERNANCE_H

#include "tests/unit/governance_world.h"

#include <stdlib.h>

extern struct world world; /* fresh for each test */
TCase *case_with(const char *name);
TCase *case_signer(void);
TCase *case_charter(void);
TCase *case_consent(void);
TCase *case_register(void);
TCase *case_switches(void);
TCase *case_due(void);
TCase *case_entries(void);
TCase *case_views(void);
TCase *case_explain(void);

#define DONE(expression)                                                                                     \
	do {                                                                                                 \
		struct status done_ = (expression);                                                          \
		ck_assert_msg(ok(done_), "%s", world.why);                                                   \
	} while (0)
/* Refused, and told why in words that contain this. */
#define REFUSED(expression, words)                                                                           \
	do {                                                                                                 \
		struct status done_ = (expression);                                                          \
		ck_assert_msg(!ok(done_), "not refused: %s", words);                                         \
		ck_assert_msg(                                                                               \
			strstr(world.why, words) != NULL, "told \"%s\", not \"%s\"", world.why, words);      \
	} while (0)

#endif

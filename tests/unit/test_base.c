/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the tests of gateway/base.
 */
#include "tests/unit/test_base.h"

#include <stdlib.h>

int main(void)
{
	Suite *suite = suite_create("base");
	suite_add_tcase(suite, case_memory());
	suite_add_tcase(suite, case_clock());
	suite_add_tcase(suite, case_digest());
	suite_add_tcase(suite, case_file());
	suite_add_tcase(suite, case_words());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

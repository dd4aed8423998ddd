/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the tests of gateway/core.
 */
#include "tests/unit/test_core.h"

#include <stdlib.h>

int main(void)
{
	Suite *suite = suite_create("core");
	suite_add_tcase(suite, case_window());
	suite_add_tcase(suite, case_totals());
	suite_add_tcase(suite, case_feed());
	suite_add_tcase(suite, case_partner());
	suite_add_tcase(suite, case_batch());
	suite_add_tcase(suite, case_misread());
	suite_add_tcase(suite, case_trial());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the tests of gateway/record.
 */
#include "tests/unit/test_record.h"

#include <stdlib.h>

int main(void)
{
	Suite *suite = suite_create("record");
	suite_add_tcase(suite, case_cms());
	suite_add_tcase(suite, case_journal());
	suite_add_tcase(suite, case_command());
	suite_add_tcase(suite, case_document());
	suite_add_tcase(suite, case_ledger());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

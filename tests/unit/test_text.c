/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the suites of gateway/text.
 */
#include "tests/unit/test_text.h"

int main(void)
{
	SRunner *runner = srunner_create(suite_text_agreement());
	int failed;

	srunner_add_suite(runner, suite_text_register());
	srunner_add_suite(runner, suite_text_examples());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

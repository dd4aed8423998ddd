/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the tests of gateway/kafka that need no broker; tests/system/kafka_probe.c has those that do.
 */
#include "tests/unit/test_kafka.h"

#include <stdlib.h>

int main(void)
{
	Suite *suite = suite_create("kafka");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, case_bound());
	suite_add_tcase(suite, case_wire());
	suite_add_tcase(suite, case_spec());
	suite_add_tcase(suite, case_compare());
	suite_add_tcase(suite, case_mock());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The tests of gateway/source that need no partner; tests/system/test_source.py has those that do.
 */
#include "tests/unit/test_source.h"

#include <stdlib.h>

int main(void)
{
	Suite *suite = suite_create("source");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, case_lines());
	suite_add_tcase(suite, case_ndjson());
	suite_add_tcase(suite, case_protobuf());
	suite_add_tcase(suite, case_event_stream());
	suite_add_tcase(suite, case_gather());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

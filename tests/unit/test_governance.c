/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the tests of gateway/governance.
 */
#include "tests/unit/test_governance.h"

struct world world;

static void set_up(void)
{
	world_begin(&world);
}

static void tear_down(void)
{
	world_end(&world);
}

TCase *case_with(const char *name)
{
	TCase *c = tcase_create(name);
	tcase_add_unchecked_fixture(c, world_people, NULL);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	return c;
}

int main(void)
{
	Suite *suite = suite_create("governance");
	suite_add_tcase(suite, case_signer());
	suite_add_tcase(suite, case_charter());
	suite_add_tcase(suite, case_consent());
	suite_add_tcase(suite, case_register());
	suite_add_tcase(suite, case_switches());
	suite_add_tcase(suite, case_due());
	suite_add_tcase(suite, case_entries());
	suite_add_tcase(suite, case_views());
	suite_add_tcase(suite, case_explain());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	world_people_free();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

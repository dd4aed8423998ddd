# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(governance
	SOURCES
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_charter.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_consent.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_due.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_entries.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_explain.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_register.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_signer.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_switches.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_governance_views.c
		${CMAKE_CURRENT_SOURCE_DIR}/governance_acts.c
		${CMAKE_CURRENT_SOURCE_DIR}/governance_world.c
		${CMAKE_CURRENT_SOURCE_DIR}/pki.c
	USES anpr_governance)

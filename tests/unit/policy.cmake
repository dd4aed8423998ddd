# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(policy
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_policy.c ${CMAKE_CURRENT_SOURCE_DIR}/test_policy_parts.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_policy_zone.c ${CMAKE_CURRENT_SOURCE_DIR}/test_policy_decide.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_policy_time.c ${CMAKE_CURRENT_SOURCE_DIR}/test_policy_properties.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_policy_difference.c ${CMAKE_CURRENT_SOURCE_DIR}/test_policy_narrows.c
	USES anpr_text anpr_policy anpr_base)

# What tests/system/test_decide_matches.py compares with an evaluator of its own.
add_executable(decide_cli ${PROJECT_SOURCE_DIR}/tests/support/decide_cli.c)
target_link_libraries(decide_cli PRIVATE anpr_text anpr_policy anpr_base anpr_warnings)
set_target_properties(decide_cli PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

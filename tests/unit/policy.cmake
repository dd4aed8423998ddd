# SPDX-License-Identifier: Apache-2.0
# What tests/system/test_decide_matches.py compares with an evaluator of its own.
add_executable(decide_cli ${PROJECT_SOURCE_DIR}/tests/support/decide_cli.c)
target_link_libraries(decide_cli PRIVATE anpr_text anpr_policy anpr_base anpr_warnings)
set_target_properties(decide_cli PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

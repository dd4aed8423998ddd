# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(http
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_http.c
	USES anpr_http)
# What tests/system/test_api.py asks servers with.
add_executable(http_probe ${PROJECT_SOURCE_DIR}/tests/support/http_probe.c)
target_link_libraries(http_probe PRIVATE anpr_http anpr_warnings)
set_target_properties(http_probe PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

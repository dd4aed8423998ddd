# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(source
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_source.c ${CMAKE_CURRENT_SOURCE_DIR}/test_ndjson.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_lines.c ${CMAKE_CURRENT_SOURCE_DIR}/test_gather.c
	USES anpr_source)

# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(source
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_source.c ${CMAKE_CURRENT_SOURCE_DIR}/test_ndjson.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_protobuf.c ${CMAKE_CURRENT_SOURCE_DIR}/test_event_stream.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_source_decoded.c ${CMAKE_CURRENT_SOURCE_DIR}/test_lines.c ${CMAKE_CURRENT_SOURCE_DIR}/test_gather.c
	USES anpr_source)

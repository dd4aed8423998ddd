# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(source
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_source.c ${CMAKE_CURRENT_SOURCE_DIR}/test_ndjson.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_protobuf.c ${CMAKE_CURRENT_SOURCE_DIR}/test_event_stream.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_source_decoded.c ${CMAKE_CURRENT_SOURCE_DIR}/test_lines.c ${CMAKE_CURRENT_SOURCE_DIR}/test_gather.c
	USES anpr_source)
# What tests/system/test_partner_specification.py asks the decoders with.
add_executable(decode_probe ${PROJECT_SOURCE_DIR}/tests/support/decode_probe.c)
target_link_libraries(decode_probe PRIVATE anpr_decode anpr_warnings)
set_target_properties(decode_probe PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

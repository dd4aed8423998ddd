# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(proto
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_proto.c ${CMAKE_CURRENT_SOURCE_DIR}/test_read.c
	USES anpr_proto)

# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(wire
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_wire.c
	USES anpr_wire)

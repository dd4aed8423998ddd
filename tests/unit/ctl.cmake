# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(ctl
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_ctl_sequence.c ${PROJECT_SOURCE_DIR}/gateway/ctl/sequence.c
	USES anpr_proto)

# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(ctl
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_ctl_sequence.c ${PROJECT_SOURCE_DIR}/gateway/ctl/sequence.c
	USES anpr_proto)

# The cases beside the shipped agreements.
if(TARGET anprctl)
	file(GLOB cases CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/deploy/examples/*.cases.yaml)
	add_test(NAME examples_cases COMMAND anprctl policy test ${cases})
endif()

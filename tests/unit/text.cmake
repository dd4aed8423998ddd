# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(text
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_text.c ${CMAKE_CURRENT_SOURCE_DIR}/test_text_agreement.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_text_register.c ${CMAKE_CURRENT_SOURCE_DIR}/test_text_examples.c
	USES anpr_text anpr_policy anpr_base)

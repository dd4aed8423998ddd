# SPDX-License-Identifier: Apache-2.0
# What of gateway/core needs no broker.
anpr_unit_test(core
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_core.c ${CMAKE_CURRENT_SOURCE_DIR}/test_core_window.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_core_totals.c ${CMAKE_CURRENT_SOURCE_DIR}/test_core_feed.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_core_partner.c ${CMAKE_CURRENT_SOURCE_DIR}/test_core_batch.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_core_misread.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_core_trial.c
	USES anpr_core)

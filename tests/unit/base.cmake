# SPDX-License-Identifier: Apache-2.0
# free is wrapped, so that a test can look at what is given back (test_base_memory.c).
anpr_unit_test(base
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_base.c ${CMAKE_CURRENT_SOURCE_DIR}/test_base_memory.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_base_clock.c ${CMAKE_CURRENT_SOURCE_DIR}/test_base_digest.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_base_file.c ${CMAKE_CURRENT_SOURCE_DIR}/test_base_words.c
	USES anpr_base Threads::Threads)
target_link_options(unit_base PRIVATE -Wl,--wrap=free)

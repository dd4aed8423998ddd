# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(config
	SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/test_config.c ${CMAKE_CURRENT_SOURCE_DIR}/test_config_words.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_config_files.c
	USES anpr_config anpr_generated PkgConfig::CRYPTO)

# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(record
	SOURCES
		${CMAKE_CURRENT_SOURCE_DIR}/test_record.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_record_cms.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_record_journal.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_record_command.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_record_document.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_record_ledger.c
		${CMAKE_CURRENT_SOURCE_DIR}/pki.c
	USES anpr_record)

# SPDX-License-Identifier: Apache-2.0
anpr_unit_test(kafka
	SOURCES
		${CMAKE_CURRENT_SOURCE_DIR}/test_kafka.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_kafka_bound.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_kafka_wire.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_kafka_spec.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_kafka_compare.c
		${CMAKE_CURRENT_SOURCE_DIR}/test_kafka_mock.c
	USES anpr_kafka)

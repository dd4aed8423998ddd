# SPDX-License-Identifier: Apache-2.0
anpr_bench(receive SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/kafka.c USES PkgConfig::RDKAFKA anpr_proto)

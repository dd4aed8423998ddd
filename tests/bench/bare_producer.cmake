# SPDX-License-Identifier: Apache-2.0
anpr_bench(bare_producer SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/kafka.c USES PkgConfig::RDKAFKA)

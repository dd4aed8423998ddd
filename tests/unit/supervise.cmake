# SPDX-License-Identifier: Apache-2.0
# The gateway's main with small roles, for the tests of the supervisor (tests/system/test_supervisor.py).
if(EXISTS ${PROJECT_SOURCE_DIR}/gateway/core/core.h AND EXISTS ${PROJECT_SOURCE_DIR}/gateway/source/source.h)
	add_executable(supervised ${PROJECT_SOURCE_DIR}/gateway/main.c ${PROJECT_SOURCE_DIR}/tests/support/supervised.c)
	target_compile_definitions(supervised PRIVATE ANPR_VERSION="${PROJECT_VERSION}")
	target_link_libraries(supervised PRIVATE anpr_supervise anpr_warnings)
endif()

/* SPDX-License-Identifier: Apache-2.0
 *
 * What every fuzz target defines. A target aborts on what must never be; sanitizers see the rest.
 */
#ifndef ANPR_TESTS_FUZZ_FUZZ_H
#define ANPR_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Not assert(3), which a release build leaves out. */
#define NEVER(condition)                                                                                     \
	do {                                                                                                 \
		if (condition)                                                                               \
			abort();                                                                             \
	} while (0)

#endif

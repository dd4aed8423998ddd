/* SPDX-License-Identifier: Apache-2.0
 *
 * Deliberately wrong: a sum that does not fit. UndefinedBehaviorSanitizer must see it, and end the program
 * (broken.cmake).
 */
#include <stdint.h>

int main(void)
{
	volatile int64_t time_ms = INT64_MAX;

	time_ms = time_ms + 1;
	return 0;
}

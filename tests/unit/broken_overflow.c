/* SPDX-License-Identifier: Apache-2.0
 *
 * Deliberately wrong: a byte written just past a buffer. AddressSanitizer must see it (broken.cmake).
 */
#include "gateway/base/buffer.h"

int main(void)
{
	struct buffer b = {0};

	if (!ok(buffer_reserve(&b, 1)))
		return 0;
	b.p[b.cap + 1] = 1;
	buffer_free(&b);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Deliberately wrong: a span used after its buffer moved. AddressSanitizer must see it (broken.cmake).
 */
#include "gateway/base/buffer.h"

int main(void)
{
	struct buffer b = {0};
	struct span was;
	int first;

	if (!ok(buffer_append_text(&b, "text")))
		return 0;
	was = buffer_span(&b);
	if (!ok(buffer_reserve(&b, 100000)))
		return 0;
	first = was.p[0];
	buffer_free(&b);
	return first == 0;
}

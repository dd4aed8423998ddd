/* SPDX-License-Identifier: Apache-2.0
 *
 * Deliberately wrong: a buffer that is never freed. LeakSanitizer must see it (broken.cmake).
 */
#include "gateway/base/buffer.h"

static void forget(void)
{
	struct buffer b = {0};

	if (!ok(buffer_append_text(&b, "never freed")))
		return;
}

int main(void)
{
	for (int i = 0; i < 100; i++) /* one might still lie in a register by chance */
		forget();
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes on a socket pair that need not be frames: what comes out is within the caps, in order, and nonsense
 * stays nonsense. The first byte says how large a body may be.
 */
#include "gateway/wire/frame.h"
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

static volatile uint8_t touched;

static void drain(struct channel *c)
{
	enum frame_type type;
	struct span body;
	struct status s;

	while (ok(s = channel_receive(c, &type, &body))) {
		NEVER(type <= FRAME_NONE || type >= FRAME_TYPES || body.n > c->body_max);
		for (size_t i = 0; i < body.n; i++)
			touched = body.p[i]; /* readable, or a sanitizer says so */
	}
	if (s.kind == STATUS_BAD_INPUT)
		NEVER(channel_receive(c, &type, &body).kind != STATUS_BAD_INPUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct channel c;
	int fds[2];

	if (n == 0 || n > 65536)
		return 0;
	NEVER(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0);
	channel_init(&c, fds[0], (uint32_t)bytes[0] * 16);
	NEVER(send(fds[1], bytes + 1, n / 2, MSG_NOSIGNAL) < 0);
	drain(&c);
	NEVER(n - 1 > n / 2 && send(fds[1], bytes + 1 + n / 2, n - 1 - n / 2, MSG_NOSIGNAL) < 0);
	drain(&c);
	close(fds[1]);
	drain(&c);
	channel_fini(&c);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The end in order: the core commits what it has and hands its publishers over, then nobody is needed any
 * more.
 */
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/supervise/child.h"
#include "gateway/supervise/notify.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CORE_MS   10000
#define OTHERS_MS 2000

/* Whether another SIGTERM or SIGINT came. */
static bool told_again(struct supervisor *s, int64_t deadline)
{
	struct pollfd wait = {.fd = s->signals, .events = POLLIN};
	struct signalfd_siginfo info;
	int64_t left = deadline - clock_monotonic_ms();
	bool again = false;

	if (poll(&wait, 1, left > 0 ? (int)left : 0) <= 0)
		return false;
	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info)
		again = again || info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
	return again;
}

/* Wait until all of children from..to have ended. errors: RETRY at the deadline, REFUSED when told again. */
static struct status wait_for(struct supervisor *s, size_t from, size_t to, int ms)
{
	int64_t deadline = clock_monotonic_ms() + ms;

	for (;;) {
		size_t running = 0;
		children_reap(s, clock_monotonic_ms());
		for (size_t i = from; i < to; i++)
			running += s->children[i].pid != 0;
		if (running == 0)
			return S_OK;
		if (clock_monotonic_ms() >= deadline)
			return S_RETRY;
		if (told_again(s, deadline))
			return S_REFUSED;
	}
}

static void kill_all(struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++)
		child_signal(&s->children[i], SIGKILL);
	(void)ok(wait_for(s, 0, s->n, OTHERS_MS));
}

int children_stop(struct supervisor *s)
{
	struct status core, others;

	s->ending = true;
	notify_send("STOPPING=1\nSTATUS=committing what is in hand");
	log_info("gateway is ending", "children=%zu", children_running(s));
	child_signal(&s->children[0], SIGTERM);
	core = wait_for(s, 0, 1, CORE_MS);
	if (core.kind == STATUS_RETRY)
		log_warn("core did not end in time", "waited_ms=%d", CORE_MS);
	for (size_t i = 1; i < s->n && core.kind != STATUS_REFUSED; i++)
		child_signal(&s->children[i], SIGTERM);
	others = core.kind == STATUS_REFUSED ? core : wait_for(s, 1, s->n, OTHERS_MS);
	kill_all(s);
	log_info("gateway has ended", "forced=%s", ok(core) && ok(others) ? "no" : "yes");
	return ok(core) && ok(others) ? 0 : 1;
}

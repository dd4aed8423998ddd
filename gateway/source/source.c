/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of a source process: three things may come (the supervisor's hang-up, the core's orders, the
 * partner's bytes), and one thread waits for all of them.
 */
#include "gateway/source/source.h"

#include "gateway/base/log.h"
#include "gateway/source/session.h"

#include <poll.h>
#include <signal.h>

#define CONTROL_BODY_MAX (4u << 20) /* as the supervisor's: three PEM files */

struct source {
	struct channel control, core;
	struct arena setup_memory;
	struct source_setup setup;
	struct session session;
};

static struct status receive_setup(struct source *p)
{
	enum frame_type type;
	struct span body;
	struct status s;

	while ((s = channel_receive(&p->control, &type, &body)).kind == STATUS_WAIT)
		(void)poll(&(struct pollfd){.fd = p->control.fd, .events = POLLIN}, 1, -1);
	TRY(s);
	REQUIRE(type == FRAME_SOURCE_SETUP, S_BAD_INPUT);
	s = source_setup_decode(body, &p->setup_memory, &p->setup);
	channel_cleanse(&p->control);
	return s;
}

/* After the setup the supervisor has nothing to say but that it is gone. */
static struct status receive_control(struct source *p)
{
	enum frame_type type;
	struct span body;
	struct status s = channel_receive(&p->control, &type, &body);

	REQUIRE(s.kind != STATUS_WAIT, S_OK);
	return ok(s) ? S_BAD_INPUT : s;
}

static struct status obey(struct source *p, enum frame_type type, struct span body)
{
	struct source_start start;

	if (type == FRAME_SOURCE_STOP) {
		session_stop(&p->session);
		return S_OK;
	}
	REQUIRE(type == FRAME_SOURCE_START, S_BAD_INPUT);
	TRY(source_start_decode(body, &start));
	session_start(&p->session, &start);
	return S_OK;
}

static struct status receive_orders(struct source *p)
{
	enum frame_type type;
	struct span body;
	struct status s;

	while (ok(s = channel_receive(&p->core, &type, &body)))
		TRY(obey(p, type, body));
	return s.kind == STATUS_WAIT ? S_OK : s;
}

static struct status flush(struct channel *c)
{
	struct status s = channel_flush(c);

	return s.kind == STATUS_WAIT ? S_OK : s;
}

static struct status turn(struct source *p)
{
	struct pollfd fds[] = {
		{.fd = p->control.fd, .events = POLLIN},
		{.fd = p->core.fd, .events = channel_events(&p->core)},
	};
	int64_t now_ms = clock_monotonic_ms();

	TRY(stream_wait(p->session.stream, fds, 2, session_wait_ms(&p->session, now_ms),
		session_is_held(&p->session)));
	TRY(receive_control(p));
	p->session.now_ms = clock_monotonic_ms();
	TRY(receive_orders(p));
	TRY(flush(&p->core));
	return session_step(&p->session, p->session.now_ms);
}

static struct status run(struct source *p)
{
	struct status s;

	TRY(receive_setup(p));
	TRY(session_init(&p->session, &p->setup, &p->core, clock_monotonic_ms()));
	s = channel_send(&p->control, FRAME_READY, span_of(NULL, 0), -1);
	while (ok(s))
		s = turn(p);
	session_fini(&p->session);
	return s;
}

int source_main(int control_fd, int core_fd)
{
	struct source p = {0};
	struct status s;

	signal(SIGPIPE, SIG_IGN);
	channel_init(&p.control, control_fd, CONTROL_BODY_MAX);
	channel_init(&p.core, core_fd, FRAME_READ_BATCH_MAX);
	s = run(&p);
	if (s.kind != STATUS_REFUSED)
		log_error("source gives up", "partner=%s reason=%s", LOG_QUOTE(p.setup.partner),
			s.kind == STATUS_BAD_INPUT ? "\"not what a gateway's process sends\"" : "memory");
	channel_fini(&p.control);
	channel_fini(&p.core);
	arena_free(&p.setup_memory);
	return s.kind == STATUS_REFUSED ? 0 : 1;
}

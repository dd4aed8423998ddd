/* SPDX-License-Identifier: Apache-2.0
 *
 * Small roles for the supervisor's tests: each says what it was given, in log lines that the tests read, and
 * a source greets the core through the socket pair that the supervisor laid between them. With gateway/main.c
 * they make the program `supervised`.
 */
#include "gateway/admin/admin.h"
#include "gateway/base/log.h"
#include "gateway/config/config.h"
#include "gateway/core/core.h"
#include "gateway/source/source.h"
#include "gateway/wire/frame.h"

#include "anpr/v1/frame.pb-c.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define ENDS 64

static volatile sig_atomic_t told_to_end;

static void on_term(int signal)
{
	(void)signal;
	told_to_end = 1;
}

/* The next frame, or the end of the process. */
static struct span receive(struct channel *c, enum frame_type want)
{
	enum frame_type type;
	struct span body;

	for (;;) {
		struct pollfd wait = {.fd = c->fd, .events = POLLIN};
		struct status status = channel_receive(c, &type, &body);
		if (ok(status) && type == want)
			return body;
		if (status.kind != STATUS_WAIT)
			exit(3);
		poll(&wait, 1, -1);
	}
}

static void say_ready(struct channel *control)
{
	if (!ok(channel_send(control, FRAME_READY, (struct span){0}, -1)))
		exit(3);
}

struct end {
	struct channel channel;
	char partner[65];
};

static struct end ends[ENDS];
static size_t n_ends;

static void end_take(struct channel *control, struct span body)
{
	Anpr__V1__Attach *attach = anpr__v1__attach__unpack(NULL, body.n, body.p);
	struct end *end = &ends[n_ends++ % ENDS];

	if (!attach || control->received_fd < 0)
		exit(3);
	strncpy(end->partner, attach->partner, sizeof end->partner - 1);
	channel_init(&end->channel, control->received_fd, 1024);
	control->received_fd = -1;
	log_info("attached", "peer=%d partner=%s", (int)attach->peer, LOG_QUOTE(attach->partner));
	anpr__v1__attach__free_unpacked(attach, NULL);
}

/* false: hung up. */
static bool end_hear(struct end *end)
{
	enum frame_type type;
	struct span body;
	struct status status;

	while (ok(status = channel_receive(&end->channel, &type, &body)))
		log_info("greeted", "partner=%s words=%s", LOG_QUOTE(end->partner),
			LOG_QUOTE((const char *)body.p));
	if (status.kind == STATUS_WAIT)
		return true;
	log_info("detached", "partner=%s", LOG_QUOTE(end->partner));
	channel_fini(&end->channel);
	return false;
}

static bool control_hear(struct channel *control)
{
	enum frame_type type;
	struct span body;
	struct status status;

	while (ok(status = channel_receive(control, &type, &body)))
		if (type == FRAME_ATTACH)
			end_take(control, body);
	return status.kind == STATUS_WAIT;
}

/* SIGTERM is blocked but for this wait: one that came between the look at told_to_end and the poll would be
 * slept over. */
static void core_wait(const struct channel *control)
{
	sigset_t none;

	struct pollfd waits[ENDS + 1] = {{.fd = control->fd, .events = POLLIN}};
	size_t n = n_ends < ENDS ? n_ends : ENDS;

	for (size_t i = 0; i < n; i++)
		waits[i + 1] = (struct pollfd){.fd = ends[i].channel.fd, .events = POLLIN};
	sigemptyset(&none);
	ppoll(waits, n + 1, NULL, &none);
}

int core_main(const struct config *config, int control_fd)
{
	struct channel control;
	struct sigaction action = {.sa_handler = on_term};
	sigset_t term;

	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	channel_init(&control, control_fd, 1 << 20);
	log_info("core is up", "gateway=%s", LOG_QUOTE(config->gateway_id));
	say_ready(&control);
	while (!told_to_end && control_hear(&control)) {
		for (size_t i = 0; i < ENDS && i < n_ends; i++)
			if (ends[i].channel.fd > 0)
				end_hear(&ends[i]);
		core_wait(&control);
	}
	if (told_to_end)
		log_info("core has ended in order", "ends=%zu", n_ends);
	for (size_t i = 0; i < ENDS && i < n_ends; i++)
		channel_fini(&ends[i].channel);
	channel_fini(&control);
	return 0;
}

int source_main(int control_fd, int core_fd)
{
	static const char greeting[] = "here I am";
	struct channel control, core;
	struct span body;

	channel_init(&control, control_fd, 4 << 20);
	channel_init(&core, core_fd, 1024);
	body = receive(&control, FRAME_SOURCE_SETUP);
	Anpr__V1__SourceSetup *setup = anpr__v1__source_setup__unpack(NULL, body.n, body.p);
	if (!setup || !strstr(setup->key_pem, "PRIVATE KEY") || !strstr(setup->cert_pem, "CERTIFICATE") ||
		!strstr(setup->ca_pem, "CERTIFICATE"))
		return 3;
	log_info("source is set up", "partner=%s url=%s", LOG_QUOTE(setup->partner), LOG_QUOTE(setup->url));
	anpr__v1__source_setup__free_unpacked(setup, NULL);
	if (!ok(channel_send(&core, FRAME_SOURCE_REPORT, span_of(greeting, sizeof greeting), -1)))
		return 3;
	say_ready(&control);
	receive(&control, FRAME_SOURCE_SETUP); /* none comes: until the supervisor hangs up */
	return 0;
}

int admin_main(int control_fd, int core_fd)
{
	struct channel control;
	struct span body;

	channel_init(&control, control_fd, 4 << 20);
	body = receive(&control, FRAME_ADMIN_SETUP);
	Anpr__V1__AdminSetup *setup = anpr__v1__admin_setup__unpack(NULL, body.n, body.p);
	if (!setup || !strstr(setup->key_pem, "PRIVATE KEY"))
		return 3;
	log_info("admin is set up", "port=%u core_fd=%d", setup->listen_port, core_fd);
	anpr__v1__admin_setup__free_unpacked(setup, NULL);
	say_ready(&control);
	receive(&control, FRAME_ADMIN_SETUP);
	return 0;
}

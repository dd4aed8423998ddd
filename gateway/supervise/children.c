/* SPDX-License-Identifier: Apache-2.0
 *
 * Who runs, who is to be started when, who has ended and why. Sources and admin live only beside a core: they
 * hold one end of a socket pair whose other end is in it.
 */
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/supervise/child.h"
#include "gateway/supervise/notify.h"

#include "anpr/v1/frame.pb-c.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS INT64_C(100)
#define BACKOFF_MAX_MS   10000
#define BACKOFF_RESET_MS 60000 /* a child that lived this long was well */

struct status children_make(struct supervisor *s, struct error *e)
{
	const struct config *config = s->config;
	size_t n = 0;

	s->children = calloc(config->n_partners + 2, sizeof *s->children);
	if (!s->children)
		return error_set(e, "out of memory");
	s->children[n++].role = ROLE_CORE;
	if (config->admin.address)
		s->children[n++].role = ROLE_ADMIN;
	for (size_t i = 0; i < config->n_partners; i++) {
		if (config->partners[i].kind != SOURCE_KIND_STREAM)
			continue;
		s->children[n].role = ROLE_SOURCE;
		s->children[n++].partner = &config->partners[i];
	}
	s->n = n;
	return S_OK;
}

void children_free(struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid)
			channel_fini(&s->children[i].control);
	free(s->children);
	s->children = NULL;
	s->n = 0;
}

void child_signal(const struct child *c, int signal)
{
	if (c->pid > 0)
		kill(c->pid, signal);
}

static void backoff_set(struct child *c, int64_t now)
{
	if (c->renewed || (c->started_at && now - c->started_at >= BACKOFF_RESET_MS))
		c->backoff_ms = 0;
	c->start_at = c->renewed ? now : now + (c->backoff_ms ? c->backoff_ms : BACKOFF_FIRST_MS);
	c->backoff_ms = c->backoff_ms ? c->backoff_ms * 2 : BACKOFF_FIRST_MS * 2;
	if (c->backoff_ms > BACKOFF_MAX_MS)
		c->backoff_ms = BACKOFF_MAX_MS;
	c->renewed = false;
}

/* The core gets the other end of the child's socket pair. */
static struct status attach(struct supervisor *s, const struct child *c, int core_end)
{
	Anpr__V1__Attach message = ANPR__V1__ATTACH__INIT;
	uint8_t bytes[256];
	struct status sent;

	message.peer = c->partner ? ANPR__V1__ATTACH__PEER__PEER_SOURCE : ANPR__V1__ATTACH__PEER__PEER_ADMIN;
	if (c->partner)
		message.partner = c->partner->id;
	/* An id has at most 64 bytes (config), so the message is shorter than the buffer. */
	sent = channel_send(&s->children[0].control, FRAME_ATTACH,
		span_of(bytes, anpr__v1__attach__pack(&message, bytes)), core_end);
	close(core_end);
	return sent;
}

/* Tell it its keys, and forget them. */
static struct status set_up(const struct supervisor *s, struct child *c, struct error *e)
{
	struct buffer body = {0};
	struct status status = setup_make(s->config, c, &body, e);

	if (ok(status)) {
		c->setup = digest_of(buffer_span(&body));
		status = channel_send(&c->control, setup_type(c), buffer_span(&body), -1);
	}
	buffer_free(&body);
	return status;
}

static void child_start(struct supervisor *s, struct child *c, int64_t now)
{
	struct error e = {0};
	int core_end = -1;
	struct status status = child_spawn(s, c, &core_end, &e);

	if (ok(status) && c->role != ROLE_CORE) {
		status = attach(s, c, core_end);
		if (ok(status))
			status = set_up(s, c, &e);
		if (!ok(status))
			child_signal(c, SIGKILL); /* started again with back-off, once reaped */
	}
	if (ok(status))
		log_info("child started", "child=%s pid=%d", LOG_QUOTE(CHILD_TITLE(c)), (int)c->pid);
	else
		log_error("child not started", "child=%s problem=%s", LOG_QUOTE(CHILD_TITLE(c)),
			LOG_QUOTE(error_text(&e)));
	if (!c->pid)
		backoff_set(c, now);
	error_free(&e);
}

void children_start_due(struct supervisor *s, int64_t now)
{
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];
		if (!c->pid && c->start_at <= now && (i == 0 || s->children[0].pid))
			child_start(s, c, now);
	}
}

static void log_end(const struct supervisor *s, const struct child *c, int status, int64_t now)
{
	const char *how = WIFSIGNALED(status) ? "signal" : "status";
	int what = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	enum log_level level = WIFEXITED(status) && what == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;
	long long lived = now - c->started_at, wait = c->start_at - now;

	if (s->ending)
		log_write(level, "child ended", "child=%s pid=%d %s=%d lived_ms=%lld",
			LOG_QUOTE(CHILD_TITLE(c)), (int)c->pid, how, what, lived);
	else
		log_write(level, "child ended", "child=%s pid=%d %s=%d lived_ms=%lld restart_in_ms=%lld",
			LOG_QUOTE(CHILD_TITLE(c)), (int)c->pid, how, what, lived, wait);
}

/* Without a core there is nobody to take reads or commands: whoever held the other end is ended too, and
 * everything starts with the next core. */
static void core_ended(struct supervisor *s)
{
	for (size_t i = 1; i < s->n; i++) {
		s->children[i].renewed = s->children[i].pid != 0; /* not its own fault */
		child_signal(&s->children[i], SIGKILL);
	}
}

static void child_ended(struct supervisor *s, struct child *c, int status, int64_t now)
{
	backoff_set(c, now);
	log_end(s, c, status, now);
	channel_fini(&c->control);
	c->pid = 0;
	c->ready = false;
	if (c->role == ROLE_CORE)
		core_ended(s);
}

void children_reap(struct supervisor *s, int64_t now)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < s->n; i++)
			if (s->children[i].pid == pid)
				child_ended(s, &s->children[i], status, now);
}

static void announce(struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->children[i].ready)
			return;
	if (!s->announced) {
		notify_send("READY=1\nSTATUS=running");
		log_info("gateway is up", "children=%zu", s->n);
	}
	s->announced = true;
}

void child_hear(struct supervisor *s, struct child *c)
{
	enum frame_type type;
	struct span body;
	struct status status;

	while (ok(status = channel_receive(&c->control, &type, &body))) {
		if (type != FRAME_READY || body.n > 0) {
			status = S_BAD_INPUT;
			break;
		}
		c->ready = true;
		announce(s);
	}
	if (status.kind == STATUS_WAIT)
		status = channel_waiting(&c->control) ? channel_flush(&c->control) : S_OK;
	if (ok(status) || status.kind == STATUS_WAIT)
		return;
	/* A child that says nonsense, or hangs up and lives on, is not to be trusted with what it has. */
	log_warn("child cut off", "child=%s pid=%d", LOG_QUOTE(CHILD_TITLE(c)), (int)c->pid);
	child_signal(c, SIGKILL);
	channel_fini(&c->control);
}

/* Different from what it was told, and whole: a certificate whose key is still to come changes nothing yet.
 */
static bool setup_is_new(const struct supervisor *s, const struct child *c)
{
	struct buffer body = {0};
	struct digest now;
	bool differs = false;

	if (ok(setup_make(s->config, c, &body, NULL))) {
		now = digest_of(buffer_span(&body));
		differs = !digest_equal(&now, &c->setup);
	}
	buffer_free(&body);
	return differs && config_pair_matches(c->partner ? &c->partner->tls : &s->config->admin_tls);
}

void children_renew(struct supervisor *s)
{
	for (size_t i = 1; i < s->n; i++) {
		struct child *c = &s->children[i];
		if (!c->pid || c->renewed || !setup_is_new(s, c))
			continue;
		log_info("key files renewed", "child=%s", LOG_QUOTE(CHILD_TITLE(c)));
		c->renewed = true;
		child_signal(c, SIGTERM);
	}
}

int64_t children_next(const struct supervisor *s)
{
	int64_t next = s->look_at;

	for (size_t i = 0; i < s->n; i++)
		if (!s->children[i].pid && (i == 0 || s->children[0].pid) && s->children[i].start_at < next)
			next = s->children[i].start_at;
	return next;
}

size_t children_running(const struct supervisor *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->children[i].pid != 0;
	return n;
}

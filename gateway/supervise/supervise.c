/* SPDX-License-Identifier: Apache-2.0
 *
 * The supervisor's life: prepare, then wait for signals, for what children say and for the time to start one
 * again.
 */
#include "gateway/supervise/supervise.h"

#include "gateway/base/clock.h"
#include "gateway/base/file.h"
#include "gateway/base/log.h"
#include "gateway/supervise/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_EVERY_MS 30000 /* for renewed key files; SIGHUP looks at once */

/* Two gateways on one state folder would take each other's stop files and journal position for their own. */
static struct status state_lock(struct supervisor *s, struct error *e)
{
	TRY(file_make_folder(s->config->state_dir, e));
	s->lock = open(s->config->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock < 0)
		return error_set(e, "%s: %s", s->config->state_dir, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
		return error_set(
			e, "%s: another anpr-gateway runs with this state folder", s->config->state_dir);
	return S_OK;
}

static struct status signals_open(struct supervisor *s, struct error *e)
{
	static const int wanted[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		sigaddset(&set, wanted[i]);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0 ? S_OK : error_set(e, "signalfd: %s", strerror(errno));
}

/* Key files pass through this process: no dump, no ptrace. */
static struct status confine(struct error *e)
{
	static const struct rlimit none = {0, 0};

	umask(077);
	if (!role_hide_memory() || setrlimit(RLIMIT_CORE, &none) != 0)
		return error_set(e, "the supervisor cannot be confined: %s", strerror(errno));
	return S_OK;
}

static struct status prepare(struct supervisor *s, struct error *e)
{
	TRY(confine(e));
	TRY(state_lock(s, e));
	TRY(signals_open(s, e));
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s->null < 0)
		return error_set(e, "/dev/null: %s", strerror(errno));
	return children_make(s, e);
}

static void warn_of_push(const struct config *config)
{
	for (size_t i = 0; i < config->n_partners; i++)
		if (config->partners[i].kind == SOURCE_KIND_PUSH)
			log_warn("push is not served", "partner=%s", LOG_QUOTE(config->partners[i].id));
}

/* Returns whether it is time to end. */
static bool signals_take(struct supervisor *s)
{
	struct signalfd_siginfo info;
	bool end = false;

	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			end = true;
		else if (info.ssi_signo == SIGHUP)
			s->look_at = 0;
	}
	children_reap(s, clock_monotonic_ms());
	return end;
}

/* Wait for the next thing to happen and take it in. */
static bool turn(struct supervisor *s, struct pollfd *waits)
{
	int64_t left = children_next(s) - clock_monotonic_ms();
	bool end = false;

	waits[s->n] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];
		waits[i] = (struct pollfd){.fd = c->pid ? c->control.fd : -1};
		if (c->pid && c->control.fd >= 0)
			waits[i].events = channel_events(&c->control);
	}
	if (poll(waits, s->n + 1, left > 0 ? (int)left : 0) < 0)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (waits[i].revents)
			child_hear(s, &s->children[i]);
	if (waits[s->n].revents)
		end = signals_take(s);
	return end;
}

static int run(struct supervisor *s)
{
	struct pollfd *waits = calloc(s->n + 1, sizeof *waits);
	bool end = !waits;

	s->look_at = clock_monotonic_ms() + LOOK_EVERY_MS;
	while (!end) {
		int64_t now = clock_monotonic_ms();
		if (now >= s->look_at) {
			children_renew(s);
			s->look_at = now + LOOK_EVERY_MS;
		}
		children_start_due(s, now);
		end = turn(s, waits);
	}
	free(waits);
	return children_stop(s);
}

int supervise(const struct config *config, bool verbose)
{
	struct supervisor s = {.config = config, .verbose = verbose, .signals = -1, .null = -1, .lock = -1};
	struct error e = {0};
	int status = 2;

	log_open("supervisor", verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (ok(prepare(&s, &e))) {
		warn_of_push(config);
		status = run(&s);
	} else {
		log_error("gateway cannot start", "problem=%s", LOG_QUOTE(error_text(&e)));
	}
	children_free(&s);
	for (int *fd = (int[]){s.signals, s.null, s.lock, -1}; *fd >= 0; fd++)
		close(*fd);
	error_free(&e);
	return status;
}

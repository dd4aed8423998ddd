/* SPDX-License-Identifier: Apache-2.0
 *
 * A new child: its descriptors, its environment, its limits, then the same program again in another role.
 */
#include "gateway/base/clock.h"
#include "gateway/supervise/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_NOT_EXECUTED 127
#define ENVIRONMENT_MAX   9
#define CONTROL_BODY_MAX  (4u << 20) /* a setup: three PEM files of at most 1 MiB */

struct pairs {
	int control[2]; /* ours, the child's */
	int core[2];    /* the core's, the child's; -1 for the core itself */
};

const char *child_title(char *to, const struct child *c)
{
	snprintf(to, 96, "%s%s%s", role_word(c->role), c->partner ? " " : "",
		c->partner ? c->partner->id : "");
	return to;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pairs_close(struct pairs *p)
{
	for (int i = 0; i < 2; i++) {
		close_one(&p->control[i]);
		close_one(&p->core[i]);
	}
}

static bool pairs_open(const struct child *c, struct pairs *p)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

	*p = (struct pairs){{-1, -1}, {-1, -1}};
	return socketpair(AF_UNIX, type, 0, p->control) == 0 &&
	       (c->role == ROLE_CORE || socketpair(AF_UNIX, type, 0, p->core) == 0);
}

/* Put the child's descriptors where it expects them and close all others. Everything is lifted out of the way
 * first, as a descriptor may lie where another is to go. */
static bool descriptors_arrange(const struct supervisor *s, const struct pairs *p)
{
	int null = fcntl(s->null, F_DUPFD_CLOEXEC, 64);
	int control = fcntl(p->control[1], F_DUPFD_CLOEXEC, 64);
	int core = p->core[1] < 0 ? -1 : fcntl(p->core[1], F_DUPFD_CLOEXEC, 64);
	unsigned first = core < 0 ? ROLE_CORE_FD : ROLE_CORE_FD + 1;

	if (null < 0 || control < 0 || (p->core[1] >= 0 && core < 0))
		return false;
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(control, ROLE_CONTROL_FD) < 0)
		return false;
	if (core >= 0 && dup2(core, ROLE_CORE_FD) < 0)
		return false;
	return close_range(first, ~0U, 0) == 0;
}

/* Between fork and exec: what survives the exec. */
static bool confine(pid_t supervisor)
{
	static const struct rlimit none = {0, 0};
	sigset_t all;

	sigemptyset(&all);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return false;
	if (getppid() != supervisor)
		return false; /* it died before the line above */
	umask(077);
	signal(SIGPIPE, SIG_DFL);
	/* Out of the terminal's reach: its ^C is for the supervisor, which ends things in order. */
	return setsid() >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       setrlimit(RLIMIT_CORE, &none) == 0 && sigprocmask(SIG_SETMASK, &all, NULL) == 0;
}

/* Sanitizers and coverage are told by variables where to write; nothing else passes.
 *
 * Each read published is a dozen small allocations of librdkafka's, freed some thousand at a time when their
 * transaction ends. The C library's own lists for that hold 7 of a size; with room for a whole transaction's
 * the core needs a quarter less CPU for a read (tests/bench/run). Another C library ignores it. */
static void environment_make(enum role role, char *environment[ENVIRONMENT_MAX])
{
	static char locale[] = "LC_ALL=C.UTF-8",
		    tunables[] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=60000";
	static const char *const kept[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=",
		"LSAN_OPTIONS=", "GCOV_PREFIX=", "LLVM_PROFILE_FILE="};
	size_t n = 0;

	environment[n++] = locale;
	if (role == ROLE_CORE)
		environment[n++] = tunables;
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		for (char **p = environ; *p; p++)
			if (strncmp(*p, kept[i], strlen(kept[i])) == 0 && n < ENVIRONMENT_MAX - 1)
				environment[n++] = *p;
	environment[n] = NULL;
}

static void child_execute(
	const struct supervisor *s, const struct child *c, const struct pairs *p, pid_t supervisor)
{
	char title[128], word[16], *environment[ENVIRONMENT_MAX];
	char role_option[] = "--role", config_option[] = "--config", name_option[] = "--name",
	     verbose[] = "--verbose";
	char *argv[] = {title, role_option, word, NULL, NULL, NULL, NULL};
	size_t n = 3;

	snprintf(title, sizeof title, "anpr-gateway: %s", CHILD_TITLE(c));
	snprintf(word, sizeof word, "%s", role_word(c->role));
	if (c->role == ROLE_CORE) {
		argv[n++] = config_option;
		argv[n++] = s->config->path;
	} else if (c->partner) {
		argv[n++] = name_option;
		argv[n++] = c->partner->id;
	}
	if (s->verbose)
		argv[n++] = verbose;
	environment_make(c->role, environment);
	if (confine(supervisor) && descriptors_arrange(s, p))
		execve("/proc/self/exe", argv, environment);
	_exit(EXIT_NOT_EXECUTED);
}

struct status child_spawn(const struct supervisor *s, struct child *c, int *core_end, struct error *e)
{
	struct pairs p;
	pid_t supervisor = getpid(), pid = -1;

	if (pairs_open(c, &p))
		pid = fork();
	if (pid == 0)
		child_execute(s, c, &p, supervisor);
	if (pid < 0) {
		error_add(e, NULL, 0, 0, "%s", strerror(errno));
		pairs_close(&p);
		return S_RETRY;
	}
	close_one(&p.control[1]);
	close_one(&p.core[1]);
	c->pid = pid;
	c->ready = false;
	c->started_at = clock_monotonic_ms();
	channel_init(&c->control, p.control[0], CONTROL_BODY_MAX);
	*core_end = p.core[0];
	return S_OK;
}

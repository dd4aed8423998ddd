/* SPDX-License-Identifier: Apache-2.0
 *
 * What every child does to itself before it does anything else. What survives execve is set again all the
 * same: it costs nothing, and a child does not rely on how it was started.
 */
#include "gateway/supervise/role.h"

#include "gateway/base/log.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const char *const words[ROLES] = {"none", "core", "source", "admin"};

const char *role_word(enum role role)
{
	return words[role];
}

enum role role_find(const char *word)
{
	for (unsigned i = 1; i < ROLES; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum role)i;
	return ROLE_NONE;
}

static bool is_stream_socket(int fd)
{
	int type = 0;
	socklen_t n = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
}

bool role_hide_memory(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return prctl(PR_SET_DUMPABLE, 0) == 0;
#endif
}

/* No core dump, no ptrace by the same user, no way up: keys and reads are in this memory. */
static bool confine(void)
{
	static const struct rlimit none = {0, 0};

	umask(077);
	return role_hide_memory() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       setrlimit(RLIMIT_CORE, &none) == 0;
}

struct status role_enter(enum role role, const char *name, bool verbose, struct error *e)
{
	static char log_name[80];
	char title[16];

	if (!is_stream_socket(ROLE_CONTROL_FD) || (role != ROLE_CORE && !is_stream_socket(ROLE_CORE_FD))) {
		error_add(e, NULL, 0, 0, "--role is for the supervisor's own use: run anpr-gateway FILE");
		return S_REFUSED;
	}
	snprintf(log_name, sizeof log_name, "%s%s%s", words[role], name[0] ? "/" : "", name);
	log_open(log_name, verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	snprintf(title, sizeof title, "anpr-%s", words[role]);
	prctl(PR_SET_NAME, title);
	signal(SIGPIPE, SIG_IGN);
	if (!confine()) {
		error_add(e, NULL, 0, 0, "the process cannot be confined: %m");
		return S_REFUSED;
	}
	return S_OK;
}

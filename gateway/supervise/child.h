/* SPDX-License-Identifier: Apache-2.0
 *
 * One child process as the supervisor sees it. Private to this folder.
 */
#ifndef ANPR_SUPERVISE_CHILD_H
#define ANPR_SUPERVISE_CHILD_H

#include "gateway/base/digest.h"
#include "gateway/config/config.h"
#include "gateway/supervise/role.h"
#include "gateway/wire/frame.h"

#include <sys/types.h>

struct child {
	enum role role;
	const struct config_partner *partner; /* of a source; borrowed */
	pid_t pid;                            /* 0 = not running */
	struct channel control;               /* while it runs */
	bool ready;                           /* it said that it is up */
	bool renewed;                         /* ended by us because its key files are new: no back-off */
	int64_t started_at;                   /* monotonic ms */
	int64_t start_at;                     /* monotonic ms, while it does not run */
	int64_t backoff_ms;
	struct digest setup; /* of what it was told at the start */
};

struct supervisor {
	const struct config *config;
	bool verbose;
	struct child *children; /* the first is the core */
	size_t n;
	int signals;     /* signalfd */
	int null;        /* /dev/null */
	int lock;        /* the state folder, locked */
	bool ending;     /* nothing is started again */
	bool announced;  /* READY=1 was sent */
	int64_t look_at; /* monotonic ms: when to look for renewed key files */
};

/* "source tfl-ulez", "core": for logs and process lists. `to` has 96 bytes; returned. */
const char *child_title(char *to, const struct child *c);
#define CHILD_TITLE(c) child_title((char[96]){0}, (c))

/* --- spawn.c --- */
/* Fork and execute. *core_end gets the core's end of the socket pair (sources and admin), for the caller to
 * attach. errors: RETRY with why in `e`; the child is then not running. */
struct status child_spawn(const struct supervisor *s, struct child *c, int *core_end, struct error *e);

/* --- setup.c --- */
/* The frame that tells a source or the admin process all it needs, keys included: free it at once after
 * sending. errors: BAD_INPUT where a file cannot be read. */
struct status setup_make(
	const struct config *config, const struct child *c, struct buffer *body, struct error *e);
enum frame_type setup_type(const struct child *c);

/* --- children.c --- */
struct status children_make(struct supervisor *s, struct error *e);
void children_free(struct supervisor *s);
/* Start what is due. */
void children_start_due(struct supervisor *s, int64_t now);
/* Take in what ended. */
void children_reap(struct supervisor *s, int64_t now);
/* Take in what a child says. */
void child_hear(struct supervisor *s, struct child *c);
/* End those whose key files have changed, to be started with the new ones. */
void children_renew(struct supervisor *s);
/* Earliest thing to do; monotonic ms. */
int64_t children_next(const struct supervisor *s);
size_t children_running(const struct supervisor *s);
void child_signal(const struct child *c, int signal);

/* --- stop.c --- */
/* Core first, so that it commits its last record; then the others. The program's exit status. */
int children_stop(struct supervisor *s);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Stop files put there by hand: `state_dir/stop/<partner>` or `state_dir/stop/all`. A partner is held as soon
 * as its file is seen; the node journals that as an off, and the file's removal as that off's end. (Commands
 * that could not be recorded lie in the same folder as *.cms: stops.c.)
 */
#ifndef ANPR_CORE_STOP_FILES_H
#define ANPR_CORE_STOP_FILES_H

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/base/status.h"

#include <jansson.h>

struct core;
struct stop_files;

/* Make the folder where there is none, watch it, and hold what lies in it.
 * errors: only where memory or descriptors are out; a folder that cannot be read is a problem of status's */
MUST struct status stop_files_open(struct core *core, struct error *e);
void stop_files_close(struct core *core);
/* Becomes readable when the folder changes. */
int stop_files_fd(const struct core *core);
/* Look what is there: hold what is new. Main thread; never waits. */
void stop_files_notice(struct core *core);

/* Append to the journal what it does not have yet of these files, and release what policy itself says off by
 * then. OK: nothing is left to append. RETRY: the broker did not take it in time. Blocks. */
MUST struct status stop_files_record(struct core *core);
/* A thread: record whatever comes, until it is time to stop. */
void *stop_files_run(void *core);

/* For status: one object for each file, and what is wrong with any. */
void stop_files_view(struct core *core, json_t *list, json_t *problems);

#endif

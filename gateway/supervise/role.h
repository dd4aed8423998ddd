/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's processes are one program that re-executes itself, once for each role: nothing the supervisor
 * or a sibling held in memory is left in a child. This is the child's side of it.
 */
#ifndef ANPR_SUPERVISE_ROLE_H
#define ANPR_SUPERVISE_ROLE_H

#include "gateway/base/error.h"
#include "gateway/base/span.h"

enum role { ROLE_NONE = 0, ROLE_CORE, ROLE_SOURCE, ROLE_ADMIN, ROLES };

/* "core", "source", "admin". */
const char *role_word(enum role role);
enum role role_find(const char *word);

/* A child's descriptors; 0 and 1 are /dev/null, 2 the log, and there are no others. */
#define ROLE_CONTROL_FD 3 /* to the supervisor */
#define ROLE_CORE_FD    4 /* to the core: sources and admin */

/* First thing a child does after it was executed: confine the process and name it.
 * shape   argv0: the process's own, as given to main; name: a source's partner, or ""
 * errors  REFUSED where it was not the supervisor that started it */
struct status role_enter(enum role role, const char *name, bool verbose, struct error *e);

/* PR_SET_DUMPABLE 0 on this process; not where LeakSanitizer has to look into it. */
bool role_hide_memory(void);

#endif

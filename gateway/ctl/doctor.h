/* SPDX-License-Identifier: Apache-2.0
 *
 * What doctor.c and doctor_node.c share: the checks, told as they are made. Private to the two.
 */
#ifndef ANPR_CTL_DOCTOR_H
#define ANPR_CTL_DOCTOR_H

#include "gateway/ctl/wanted.h"

#include <jansson.h>

enum health { HEALTH_BROKEN = 0, HEALTH_WARNING, HEALTH_OK };

struct doctor {
	struct wanted wanted;
	json_t *checks; /* with --json: told at the end */
	size_t n[HEALTH_OK + 1];
};

/* One check: told at once, or kept for the JSON. where: "partner tfl-ulez"; found: what is so; remedy: what
 * to do, a sentence; NULL where all is well. */
void doctor_tell(
	struct doctor *d, enum health health, const char *where, const char *found, const char *remedy);

/* doctor_node.c: what can be seen on this machine, and from it. */
void doctor_files(struct doctor *d);    /* certificates, their ends and purposes */
void doctor_machine(struct doctor *d);  /* the folder, room, limits */
void doctor_partners(struct doctor *d); /* does each stream answer */

/* doctor_journal.c: the journal, this node's key in it, and its clock. The cluster answers. */
void doctor_journal(struct doctor *d);

#endif

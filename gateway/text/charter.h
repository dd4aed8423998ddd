/* SPDX-License-Identifier: Apache-2.0
 *
 * Charters: what says who may speak here at all, proposed as YAML like an agreement. An organisation (its CA
 * and its people), a partner, a node's key. A text says how things are to be, not what changes.
 */
#ifndef ANPR_TEXT_CHARTER_H
#define ANPR_TEXT_CHARTER_H

#include "gateway/base/digest.h"
#include "gateway/base/error.h"

enum charter_kind { CHARTER_NONE = 0, CHARTER_ORGANISATION, CHARTER_PARTNER, CHARTER_NODE_KEY };

struct charter_person {
	char *subject;  /* RFC 2253, whole */
	unsigned roles; /* bit n: Role n of anpr.v1 */
};

struct charter {
	enum charter_kind kind;
	char *id; /* of the organisation, partner or node */
	/* an organisation: all of its people */
	char *ca; /* PEM; NULL = as it is */
	struct digest ca_identity;
	struct charter_person *people;
	size_t n_people;
	/* a partner */
	char *organisation;
	char **push_subjects;
	size_t n_push_subjects;
	int64_t clock_bound_ms;
	/* a node's key: one to be added, one to be retired, or one in place of the other */
	bool adds, retires;
	uint8_t key[32], retired[32];
};

/* Which kind of text this is, by its keys: CHARTER_NONE is an agreement, or nothing that can be told. */
enum charter_kind charter_kind_of(struct span text);
/* errors: BAD_INPUT with everything that is wrong in `e`, each with its line and column */
MUST struct status charter_parse(
	struct span text, const char *name, enum charter_kind kind, struct charter **out, struct error *e);
void charter_free(struct charter *c);
/* "CN=carol (controller, auditor)": a person's roles in words; appended by the caller. */
extern const char *const charter_roles[5]; /* by Role; [0] is NULL */

#endif

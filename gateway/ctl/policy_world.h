/* SPDX-License-Identifier: Apache-2.0
 *
 * The small past that a file of cases describes, as policy takes it, and one case asked of it. Private to
 * this folder.
 */
#ifndef ANPR_CTL_POLICY_WORLD_H
#define ANPR_CTL_POLICY_WORLD_H

#include "gateway/ctl/ctl.h"
#include "gateway/text/cases.h"
#include "policy/explain.h"

struct policy_world {
	const char *path; /* of the cases; borrowed */
	struct cases cases;
	struct arena arena;
	struct policy_partner_input in;
	struct policy_register_version *registers; /* as many as the cases name, once read */
	struct policy_agreement_version *agreements;
};

/* Read the cases and every file they name, and hold them against each other. errors: BAD_INPUT with
 * everything that is wrong in `e`. world_free also after a failure. */
MUST struct status policy_world_read(const char *path, struct policy_world *out, struct error *e);
void policy_world_free(struct policy_world *w);

/* What one rule said; of the agreement's newest version at publication. */
struct asked_rule {
	char *agreement, *rule, *hours; /* hours: in words, where they were what denied; owned by the arena */
	bool covers;
	enum reason reason;
	unsigned classes;
};
struct asked_permit {
	const char *agreement; /* of the arena */
	unsigned classes,
		drop; /* what goes along; what minimisation takes out of a read that has everything */
};
struct asked {
	enum verdict verdict;
	enum reason reason;
	struct asked_permit permits[FEEDS_MAX];
	unsigned n_permits;
	struct asked_rule *rules;
	size_t n_rules, cap_rules;
};
/* Decide the case's read as the gateway would have at its publication. Everything in *out is of the world's
 * arena. errors: OVERLOAD */
MUST struct status policy_world_ask(struct policy_world *w, const struct policy_case *c, struct asked *out);

#endif

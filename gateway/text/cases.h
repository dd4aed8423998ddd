/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases written beside an agreement (`anprctl policy test`): a small past of agreements, registers and
 * switches, and reads with what is to become of each. Only what the file says; who reads the named files and
 * decides is gateway/ctl/policy_test.c.
 */
#ifndef ANPR_TEXT_CASES_H
#define ANPR_TEXT_CASES_H

#include "gateway/base/error.h"
#include "policy/decide.h"

/* A named file, as of when: an agreement agreed then, a register in force from then. */
struct case_file {
	char *file;          /* as written: relative to the cases */
	struct utc_ms at;    /* 0 = always */
	struct utc_ms ended; /* of an agreement: withdrawn; 0 = not */
	size_t line;
};

struct case_switch {
	struct utc_ms at;
	enum switch_position turn;
	int64_t for_ms; /* 0 = until it is turned again */
	char *side, *agreement, *rule;
	unsigned classes;
	char **cameras; /* patterns */
	size_t n_cameras;
	size_t line;
};

/* A moment, or how long after another one. */
struct case_moment {
	enum { MOMENT_NONE = 0, MOMENT_AT, MOMENT_AFTER } kind;
	int64_t ms;
};

/* What is left out is taken from the file's `defaults`. */
struct case_read {
	char *camera;
	struct utc_ms captured;
	struct case_moment arrived;   /* after capture; else 1 s */
	struct case_moment published; /* after arrival; else at once */
	enum read_kind kind;
	unsigned images; /* CLASS_* that it carries */
	enum { CONFIDENCE_UNSAID = 0, CONFIDENCE_NONE, CONFIDENCE_IS } has_confidence;
	double confidence;
};

struct case_permit {
	char *agreement, *rule; /* NULL = any */
	unsigned share;         /* 0 = not looked at */
	unsigned drop;          /* fields that minimisation takes out */
	bool looks_at_drop;
	size_t line;
};

struct policy_case {
	char *name;
	size_t line;
	struct case_read read; /* defaults filled in; its camera may be the defaults' */
	char *camera;          /* its own; NULL where it is the defaults' */
	struct case_switch *switches;
	size_t n_switches;
	struct case_permit *permits; /* none: denied, with this reason */
	size_t n_permits;
	enum reason deny;
};

struct cases {
	char *organisation; /* the partner's side of the switches; may be NULL */
	struct case_file *agreements, *registers;
	size_t n_agreements, n_registers;
	struct case_switch *switches;
	size_t n_switches;
	struct case_read defaults;
	struct policy_case *cases;
	size_t n_cases;
};

/* `name` is the file's, for messages. errors: BAD_INPUT with everything that is wrong in `e`. cases_free also
 * after a failure. */
MUST struct status cases_parse(struct span text, const char *name, struct cases *out, struct error *e);
void cases_free(struct cases *c);

#endif

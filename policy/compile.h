/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the compiler hand each other: compile.c the partner, compile_feed.c an agreement's
 * versions and rules, compile_profile.c which cameras are alike, compile_group.c which rules, compile_track.c
 * their timelines. Within policy only.
 */
#ifndef ANPR_POLICY_COMPILE_H
#define ANPR_POLICY_COMPILE_H

#include "policy/offs.h"
#include "policy/timeline.h"
#include "policy/words.h"

#define NOWHERE   UINT32_MAX
#define ALL_RULES (UINT32_MAX - 1)

/* Versions of one agreement that a timeline can tell apart; older ones have not been in force. */
#define VERSIONS_MAX 32

/* An off that a rule of the feed is alone under. */
struct rule_off {
	uint32_t rule, off;
};

/* For qsort: by rule, then off. */
int rule_off_compare(const void *a, const void *b);

/* One agreement while compiling. */
struct feed_build {
	struct feed *out;
	const struct policy_agreement_version *versions[VERSIONS_MAX];
	uint32_t n_versions;
	bool had_earlier; /* versions that were over before timelines begin */
	const struct agreement *newest;
	int64_t bound;                    /* clock bound, ms */
	uint32_t *renumber[VERSIONS_MAX]; /* per rule of that version: the newest's rule of the same name, or
					     NOWHERE */
	uint32_t *place[VERSIONS_MAX];    /* per rule of the newest: where that version has it, or NOWHERE */
	bool *hours_vary;                 /* per rule of the newest: not the same hours in all versions */
	uint32_t *by_name;                /* the newest's rules in order of their names */
	uint32_t *rule_of_off;            /* per off: the rule it is over, ALL_RULES, or NOWHERE */
	uint32_t *common;                 /* offs over all its rules and all cameras */
	size_t n_common;
	struct rule_off *own; /* offs over one rule and all cameras, by rule */
	size_t n_own;
	struct words hours_table; /* version and rules -> `hours` */
	uint32_t *hours_key;
	const struct hours **hours;
	size_t n_hours, cap_hours;
	struct words rules_table; /* lists of rules, in the snapshot's arena */
};

struct compile {
	struct arena *keep;    /* the snapshot's */
	struct arena *scratch; /* for the partner */
	struct arena *passing; /* for one subject's tracks of one feed */
	const struct policy_partner_input *in;
	struct partner_policy *out;
	int64_t horizon; /* ms; timelines begin here */
	struct off *offs;
	size_t n_offs;
	struct feed_build *feeds;
	size_t n_feeds;
	const struct policy_register_version *registers; /* those in force at the horizon or since */
	size_t n_registers;
	uint32_t *listed_start, *listed; /* per camera of the newest register: offs that list it */
};

/* One camera as compiling sees it, or all unregistered ones. */
struct subject {
	const struct camera *camera; /* NULL: unregistered */
	const uint32_t
		*places; /* all feeds' versions in turn: index in that version's register, or NOWHERE */
	const uint32_t *states; /* per register version: enum camera_state plus 1, 0 = not in it */
	const uint32_t *listed; /* offs that list it */
	size_t n_listed;
};

/* All offs of the feed sorted into `common` and `own`, its versions' rules numbered. */
struct status feed_prepare(struct compile *c, struct feed_build *f);
/* The hours of some rules (numbers of the newest) in one version together; NULL in *out = any. */
struct status feed_hours(struct compile *c, struct feed_build *f, uint32_t version, const uint32_t *rules,
	size_t n, const struct hours **out);
/* Which version is in force then, or NULL with the reason why none is. */
const struct policy_agreement_version *feed_version_at(
	const struct feed_build *f, int64_t at, uint32_t *index, enum reason *why);

/* When something of the partner will end by itself. */
struct status ends_compile(struct compile *c, struct utc_ms now);

/* Profiles for all cameras and for unregistered ones. */
struct status profiles_compile(struct compile *c);

/* The tracks of one feed for one subject. `places` of the subject begin at this feed's. */
struct status tracks_compile(
	struct compile *c, struct feed_build *f, const struct subject *s, struct tracks *out);

/* Rules that were alike for a subject. */
struct rule_group {
	const uint32_t *rules; /* numbers of the newest version */
	size_t n;
	uint32_t covered;           /* bit v: version v's schedule has the camera under them */
	const struct rule_off *own; /* offs over one of them each; `rule` is a place in `rules` */
	size_t n_own;
	const uint32_t *common; /* offs that all rules share, for this camera */
	size_t n_common;
};
struct status track_compile(struct compile *c, struct feed_build *f, const struct subject *s,
	const struct rule_group *group, struct track *out);

#endif

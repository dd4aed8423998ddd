/* SPDX-License-Identifier: Apache-2.0
 *
 * The suites of unit_policy, and a small world to decide in.
 */
#ifndef ANPR_TESTS_UNIT_TEST_POLICY_H
#define ANPR_TESTS_UNIT_TEST_POLICY_H

#include "policy/decide.h"

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

#define SECOND   INT64_C(1000)
#define MINUTE   (60 * SECOND)
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)
#define NOON     INT64_C(1795348800000) /* 2026-11-22T12:00:00Z, a Sunday */
#define LONG_AGO (NOON - 100 * DAY)     /* when registers and agreements were agreed */

/* A partner in the making; zeroed by world_begin. All is owned until world_end. */
struct world {
	struct policy_partner_input in;
	struct policy_register_version registers[8];
	struct policy_agreement_version agreements[16];
	struct switch_event switches[64];
	struct policy_snapshot *snapshot;
};

void world_begin(struct world *w);
void world_end(struct world *w);
/* CSV; rules of agreements added later are resolved on the newest. */
void world_register(struct world *w, int64_t from, const char *csv);
/* The agreement below with up to two replacements (`from` NULL = none). */
struct agreement *world_agreement(struct world *w, int64_t agreed, const char *from, const char *to,
	const char *from_2, const char *to_2);
/* Any agreement's text. */
struct agreement *world_agreement_text(struct world *w, int64_t agreed, const char *text);
void world_switch(struct world *w, int64_t at, enum switch_position position, struct switch_key key);
/* Compile as of NOON, as often as wanted. */
void world_compile(struct world *w);
const struct partner_policy *world_partner(const struct world *w);
struct decision world_decide(const struct world *w, const struct read *read, int64_t received, int64_t now);

/* A good read of camera A-1 at NOON. */
struct read world_read(void);

/* Cameras live, B-1 offered, B-2 commissioning, B-3 retired, C-1 live; A-1 also `serial:1`. */
extern const char world_cameras[];
/* Rule `a` covers A-* and B-*, rule `night` A-* at night; C-1 is covered by none. */
extern const char world_text[];

Suite *suite_policy_parts(void);
Suite *suite_policy_zone(void);
Suite *suite_policy_decide(void);
Suite *suite_policy_time(void);
Suite *suite_policy_properties(void);
Suite *suite_policy_difference(void);
Suite *suite_policy_narrows(void);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What policy makes of switch events: the spans of time in which something was off. Within policy only.
 */
#ifndef ANPR_POLICY_OFFS_H
#define ANPR_POLICY_OFFS_H

#include "gateway/base/arena.h"
#include "policy/switches.h"

#define OFF_FOR_EVER INT64_MAX

struct off {
	int64_t from, until;          /* ms; from <= t < until */
	const struct switch_key *key; /* borrowed from the events */
	uint64_t began_by, ended_by;  /* journal numbers; ended_by 0: by its own time, or not */
};

/* Offs of all events, in no particular order, from `arena`. Events in journal order. Whatever is not plainly
 * `on` counts as off. errors: OVERLOAD */
struct status offs_make(
	const struct switch_event *events, size_t n, struct arena *arena, struct off **out, size_t *n_out);

/* NULL and "" both are 'all': a selector that got lost must not narrow an off. */
bool selector_covers(const char *selector, const char *name);

#endif

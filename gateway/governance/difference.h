/* SPDX-License-Identifier: Apache-2.0
 *
 * What a new register changes. Within governance only.
 */
#ifndef ANPR_GOVERNANCE_DIFFERENCE_H
#define ANPR_GOVERNANCE_DIFFERENCE_H

#include "policy/register.h"

struct register_difference {
	size_t removed;   /* cameras no longer there, or live and now not: narrows */
	size_t added;     /* new cameras */
	size_t made_live; /* were there, and are live now only */
	size_t changed;   /* moved, renamed, other external ids, road, heading, area or zone */
	size_t restated;  /* from one state that is never shared to another */
};

/* `old` NULL: everything is added. */
struct register_difference register_difference(
	const struct camera_register *old, const struct camera_register *new);
bool difference_none(const struct register_difference *d);
bool difference_widens(const struct register_difference *d);
/* The old register less what the new one takes away: what can be had without anybody's consent. The caller
 * releases. Its digest says what both are: SHA-256(old's || new's). */
struct camera_register *register_narrowed(
	const struct camera_register *old, const struct camera_register *new);

#endif

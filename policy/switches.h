/* SPDX-License-Identifier: Apache-2.0
 *
 * A switch is (side, partner, agreement or all, rule or all, class or all, camera or all). A read is shared
 * only if every switch that covers it is on, on both sides. An event turns one switch.
 */
#ifndef ANPR_POLICY_SWITCHES_H
#define ANPR_POLICY_SWITCHES_H

#include "gateway/base/clock.h"

#include <stddef.h>

enum switch_position { SWITCH_UNSPECIFIED = 0, SWITCH_OFF = 1, SWITCH_ON = 2 };

/* Classes of data, as bits; 0 in a switch means all. */
enum { CLASS_READ = 1 << 0, CLASS_PLATE_PATCH = 1 << 1, CLASS_OVERVIEW = 1 << 2 };

/* Which switch: NULL, "" or 0 = all. Patterns and areas are resolved to camera ids when the entry is
 * appended; where they matched none, `cameras` is not NULL and n_cameras 0. Bits that are no class count as
 * all classes. */
struct switch_key {
	const char *side; /* organisation: the partner's own or the recipient's; NULL = both (a stop file).
			   * Another organisation's switch covers nothing of an agreement */
	const char *agreement;
	const char *rule;
	unsigned classes;
	const char *const *cameras; /* ids, sorted as by strcmp; NULL = all */
	size_t n_cameras;
};

/* `on` ends exactly the offs with an equal key, in journal order; an `on` with `until` begins an off of that
 * key then, unless another `on` of it comes before. An off never shortens another. A new agreement's switches
 * begin off on both sides, which is an event of its own with the agreement's key. Any position but `on`
 * counts as off. */
struct switch_event {
	struct utc_ms at;    /* journal time; an off counts from its acceptance */
	struct utc_ms until; /* the end of a `--for`; 0 = none */
	enum switch_position position;
	struct switch_key key;
	uint64_t entry; /* journal number */
};

/* Whether a switch with these selectors is about the camera; `id` NULL: about no camera in particular. */
bool switch_key_lists(const struct switch_key *key, const char *id);
bool switch_key_equal(const struct switch_key *a, const struct switch_key *b);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's cameras (DESIGN.md 5.5). Made by gateway/text; immutable afterwards; reference-counted.
 */
#ifndef ANPR_POLICY_REGISTER_H
#define ANPR_POLICY_REGISTER_H

#include "gateway/base/digest.h"
#include "gateway/base/span.h"
#include "gateway/base/status.h"

struct zone;

enum camera_state {
	CAMERA_UNKNOWN_STATE = 0, /* never shared */
	CAMERA_OFFERED,
	CAMERA_COMMISSIONING,
	CAMERA_LIVE,
	CAMERA_RETIRED
};

struct camera {
	char *id;
	char **external_ids;
	size_t n_external_ids;
	char *name, *road, *area, *zone; /* empty where not given */
	struct zone *local;              /* the zone's offsets from UTC; NULL where not given */
	double lat, lon;                 /* WGS84 degrees */
	double heading;                  /* degrees; negative = not given */
	enum camera_state state;
	uint32_t index; /* position in the register */
};

struct camera_register {
	struct camera *cameras;
	size_t n;             /* sorted by id */
	struct digest sha256; /* of its text */
	int references;       /* atomic; 1 = the maker's own */
	void *ids;            /* hash of ids and external ids; register.c's own */
};

/* Build the hash; called once by whoever filled `cameras` in. errors: BAD_INPUT on an id used by two cameras,
 * or out of order. */
MUST struct status register_index(struct camera_register *r, struct span *twice);
/* By id or external id; NULL = unregistered. Keyed hash: constant time whatever the peer sends. */
const struct camera *register_find(const struct camera_register *r, struct span id);
struct camera_register *register_hold(const struct camera_register *r);
void register_release(struct camera_register *r); /* NULL is fine */

/* Whether the glob (`*`, `?`) matches the whole of the id. Linear in both, whatever the pattern. */
bool glob_match(const char *pattern, struct span id);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * An agreement as parsed (DESIGN.md 5.5): what a partner and a recipient agreed to share, why and until when.
 * Made by gateway/text; immutable afterwards; reference-counted.
 */
#ifndef ANPR_POLICY_AGREEMENT_H
#define ANPR_POLICY_AGREEMENT_H

#include "gateway/base/clock.h"
#include "gateway/base/digest.h"
#include "policy/register.h"
#include "policy/zone.h"

/* Fields that minimisation can drop, as bits. */
enum {
	DROP_SPEED = 1 << 0,
	DROP_HEADING = 1 << 1,
	DROP_LANE = 1 << 2,
	DROP_DIRECTION = 1 << 3,
	DROP_COUNTRY = 1 << 4,
	DROP_CONFIDENCE = 1 << 5,
	DROP_POSITION = 1 << 6,
};

struct document_hash {
	char *title;
	struct digest sha256;
};
struct point {
	double lat, lon;
};

struct rule {
	char *name;
	char **cameras; /* globs on camera ids; n_cameras = 0: no condition on the id */
	size_t n_cameras;
	struct point *area; /* polygon; n_area = 0: no condition on the position */
	size_t n_area;
	bool has_hours;
	char *zone;                 /* IANA name */
	struct zone *local;         /* its offsets from UTC; without them the rule holds at no hour */
	unsigned days;              /* bit 0 = Monday; the day a night begins on */
	int from_minute, to_minute; /* local minutes of the day, `to` not included */
};

struct agreement {
	char *id, *partner;
	char *recipient, *topic;
	char **principals;
	size_t n_principals;
	char **verifiers;
	size_t n_verifiers;
	char **consents;
	size_t n_consents; /* organisations */
	char *controller_name, *controller_contact, *instrument, *necessity;
	struct document_hash *documents;
	size_t n_documents;
	char **purposes;
	size_t n_purposes;
	struct utc_ms from, until, review_by; /* review_by 0 = none */
	int64_t keep_for_ms;
	unsigned kinds; /* bit n: enum read_kind n */
	unsigned share; /* CLASS_* */
	unsigned drop;  /* DROP_* */
	struct rule *rules;
	size_t n_rules;
	double min_confidence; /* 0 = none */
	int64_t max_age_ms, max_future_ms, clock_bound_ms;
	struct digest sha256; /* of its text */
	int references;       /* atomic; 1 = the maker's own */
};

/* The rules applied to a register at one moment: which cameras each rule covers. Immutable, counted. */
struct schedule;
MUST struct status schedule_resolve(
	const struct agreement *a, const struct camera_register *r, struct schedule **out);
/* Cameras that any rule covers. */
size_t schedule_cameras(const struct schedule *s);
/* Whether rule number `rule` (index in the agreement) covers the camera id. */
bool schedule_covers(const struct schedule *s, size_t rule, struct span camera_id);
/* The rules, ascending, that cover camera number `index` of the register it was resolved on. Borrowed. */
size_t schedule_rules(const struct schedule *s, uint32_t index, const uint32_t **rules);
/* Equal numbers mean equal rules; below schedule_cameras + 1. */
uint32_t schedule_set(const struct schedule *s, uint32_t index);
const struct camera_register *schedule_register(const struct schedule *s);
struct schedule *schedule_hold(const struct schedule *s);
void schedule_release(struct schedule *s); /* NULL is fine */

struct agreement *agreement_hold(const struct agreement *a);
void agreement_release(struct agreement *a); /* NULL is fine */

#endif

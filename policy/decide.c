/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision: a camera looked up by hash, its tracks by binary search at capture and at publication, and
 * the agreement's limits.
 */
#include "policy/decide.h"

#include "policy/area.h"
#include "policy/question.h"

static const char *const reason_names[REASON_COUNT] = {
	[REASON_UNSPECIFIED] = "unspecified",
	[REASON_NO_AGREEMENT] = "no_agreement",
	[REASON_NOT_STARTED] = "not_started",
	[REASON_EXPIRED] = "expired",
	[REASON_PARTNER_OFF] = "partner_off",
	[REASON_RULE_OFF] = "rule_off",
	[REASON_CAMERA_OFF] = "camera_off",
	[REASON_CLASS_OFF] = "class_off",
	[REASON_NOT_IN_SCHEDULE] = "not_in_schedule",
	[REASON_UNKNOWN_CAMERA] = "unknown_camera",
	[REASON_CAMERA_NOT_LIVE] = "camera_not_live",
	[REASON_OUTSIDE_HOURS] = "outside_hours",
	[REASON_CAPTURED_WHILE_OFF] = "captured_while_off",
	[REASON_TOO_OLD] = "too_old",
	[REASON_IN_FUTURE] = "in_future",
	[REASON_LOW_CONFIDENCE] = "low_confidence",
	[REASON_WRONG_KIND] = "wrong_kind",
	[REASON_DUPLICATE] = "duplicate",
};

const char *reason_name(enum reason reason)
{
	return (unsigned)reason < REASON_COUNT ? reason_names[reason] : "unknown";
}

/* Whether a is more than `limit` after b; also where that cannot be counted in 64 bits. */
static bool exceeds(int64_t a, int64_t b, int64_t limit)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return a > b;
	return difference > limit;
}

static bool has_kind(const struct cell *cell, enum read_kind kind)
{
	return kind > READ_KIND_UNSPECIFIED && (unsigned)kind < 8 && cell->kinds >> kind & 1;
}

static enum reason limits_decide(const struct limits *limits, const struct question *q)
{
	const struct read *read = q->read;

	if (exceeds(q->received.v, read->captured_at.v, limits->max_age_ms))
		return REASON_TOO_OLD;
	if (exceeds(read->captured_at.v, q->received.v, limits->max_future_ms))
		return REASON_IN_FUTURE;
	if (limits->min_confidence > 0 && read->has & READ_HAS_CONFIDENCE &&
		!(read->confidence >= limits->min_confidence))
		return REASON_LOW_CONFIDENCE;
	return REASON_UNSPECIFIED;
}

enum reason track_decide(
	const struct track *track, const struct limits *limits, const struct question *q, unsigned *classes)
{
	const struct cell *then = track_at(track, q->read->captured_at.v);
	const struct cell *now = track_at(track, q->now.v);
	enum reason reason = reason_first(reason_first(now->now, then->capture), q->identity);

	if (reason && reason < REASON_OUTSIDE_HOURS)
		return reason;
	if (!hours_hold(then->hours, q->read->captured_at))
		return REASON_OUTSIDE_HOURS;
	if (now->hours != then->hours && !hours_hold(now->hours, q->read->captured_at))
		return REASON_OUTSIDE_HOURS;
	if (reason)
		return reason;
	reason = limits_decide(&limits[now->version], q);
	if (reason)
		return reason;
	if (!has_kind(then, q->read->kind) || !has_kind(now, q->read->kind))
		return REASON_WRONG_KIND;
	*classes = then->capture_classes & now->now_classes;
	return *classes & CLASS_READ ? REASON_UNSPECIFIED : REASON_CLASS_OFF;
}

/* The reason of the rule that got furthest, or a permit for what any rule shares. */
static enum reason feed_decide(
	const struct feed *feed, const struct tracks *tracks, const struct question *q, struct permit *out)
{
	enum reason furthest = REASON_NO_AGREEMENT;
	bool permitted = false;

	*out = (struct permit){.feed = &feed->policy};
	for (uint32_t i = 0; i < tracks->n; i++) {
		unsigned classes = 0;
		enum reason reason = track_decide(&tracks->tracks[i], feed->limits, q, &classes);

		if (reason > furthest)
			furthest = reason;
		if (reason == REASON_UNSPECIFIED) {
			permitted = true;
			out->classes |= classes;
		}
	}
	return permitted ? REASON_UNSPECIFIED : furthest;
}

/* An external id may have been moved: what it meant at capture must be what it means now. */
static enum reason identity_decide(
	const struct partner_policy *p, const struct read *read, const struct camera *camera)
{
	size_t i = p->n_registers;
	const struct camera *then;

	if (!camera || span_is(read->camera_id, camera->id) || read->captured_at.v < p->horizon)
		return REASON_UNSPECIFIED;
	while (i > 0 && p->registers[i - 1].from.v > read->captured_at.v)
		i--;
	then = i > 0 ? register_find(p->registers[i - 1].cameras, read->camera_id) : NULL;
	return then && strcmp(then->id, camera->id) == 0 ? REASON_UNSPECIFIED : REASON_UNKNOWN_CAMERA;
}

struct question question_of(
	const struct partner_policy *p, const struct read *read, struct utc_ms received, struct utc_ms now)
{
	struct question q = {.read = read, .received = received, .now = now};

	q.camera = register_find(p->cameras, read->camera_id);
	q.profile = q.camera ? &p->profiles[p->profile_of[q.camera->index]] : &p->unregistered;
	q.identity = identity_decide(p, read, q.camera);
	return q;
}

static bool position_differs(const struct read *read, const struct camera *camera)
{
	if (!(read->has & READ_HAS_LAT) || !(read->has & READ_HAS_LON) || !camera)
		return false;
	return area_distance_m((struct point){read->lat, read->lon},
		       (struct point){camera->lat, camera->lon}) > POSITION_MISMATCH_M;
}

static bool format_unknown(const struct read *read)
{
	char text[VRM_BYTES];

	return read->kind == READ_KIND_VRM && !vrm_is_uk(vrm_normalise(read->vrm, text));
}

static unsigned quality_of(const struct read *read, const struct decision *d)
{
	unsigned quality = 0;

	for (unsigned i = 0; i < d->n; i++) {
		if (d->permits[i].feed->agreement->min_confidence > 0 && !(read->has & READ_HAS_CONFIDENCE))
			quality |= 1u << QUALITY_NO_CONFIDENCE;
	}
	if (position_differs(read, d->camera))
		quality |= 1u << QUALITY_POSITION_MISMATCH;
	if (format_unknown(read))
		quality |= 1u << QUALITY_VRM_FORMAT;
	return quality;
}

bool decision_drops_image(const struct read *read, const struct decision *d)
{
	unsigned classes = 0;

	for (unsigned i = 0; i < d->n; i++)
		classes |= d->permits[i].classes;
	return (read->plate_patch.n > 0 && !(classes & CLASS_PLATE_PATCH)) ||
	       (read->overview.n > 0 && !(classes & CLASS_OVERVIEW));
}

void policy_decide(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, struct decision *out)
{
	struct question q;

	*out = (struct decision){.verdict = VERDICT_DENY, .reason = REASON_NO_AGREEMENT};
	if (!p)
		return;
	if (p->had_agreement)
		out->reason = REASON_EXPIRED;
	q = question_of(p, read, received, now);
	out->camera = q.camera;
	for (size_t i = 0; i < p->n_feeds && out->n < FEEDS_MAX; i++) {
		enum reason reason =
			feed_decide(&p->feeds[i], &q.profile->feeds[i], &q, &out->permits[out->n]);

		if (reason == REASON_UNSPECIFIED)
			out->n++;
		else if (reason > out->reason)
			out->reason = reason;
	}
	if (out->n == 0)
		return;
	out->verdict = VERDICT_PERMIT;
	out->reason = REASON_UNSPECIFIED;
	out->quality = quality_of(read, out);
	out->class_dropped = decision_drops_image(read, out);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Stamps without an offset from UTC: local time by the zone that the register gives the camera. When clocks
 * are set back an hour comes twice, and such a stamp may mean either: then the read is shared only as far as
 * both would be, so that no off, no end and no hours are got round by it. What has not come yet when the read
 * arrives is not meant.
 */
#include "policy/decide.h"
#include "policy/timeline.h"

/* A camera's clock may run ahead as far as `max_future` usually allows. */
#define AHEAD_MS 5000

unsigned decision_classes(const struct decision *d, const struct feed_policy *feed)
{
	for (unsigned i = 0; i < d->n; i++) {
		if (d->permits[i].feed == feed)
			return d->permits[i].classes;
	}
	return 0;
}

/* Leave of `d` what `other` shares as well. */
static void narrow(struct decision *d, const struct decision *other)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->n; i++) {
		struct permit permit = d->permits[i];

		permit.classes &= decision_classes(other, permit.feed);
		if (permit.classes & CLASS_READ)
			d->permits[n++] = permit;
	}
	d->n = n;
	if (n > 0)
		return;
	if (d->verdict == VERDICT_PERMIT)
		d->reason = other->verdict == VERDICT_PERMIT ? REASON_CAPTURED_WHILE_OFF : other->reason;
	d->verdict = VERDICT_DENY;
}

bool policy_decide_local(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, struct read *resolved, struct decision *out)
{
	const struct camera *camera = p ? register_find(p->cameras, read->camera_id) : NULL;
	struct utc_ms at[2];
	size_t n = camera && camera->local ? zone_moments(camera->local, read->captured_at, at) : 0;
	struct decision earlier;

	if (n == 0)
		return false;
	if (n == 2 && at[1].v > received.v + AHEAD_MS)
		n = 1;
	*resolved = *read;
	resolved->local = false;
	resolved->captured_at = at[0];
	policy_decide(p, resolved, received, now, out);
	if (n == 1)
		return true;
	earlier = *out;
	resolved->captured_at = at[1];
	policy_decide(p, resolved, received, now, out);
	narrow(out, &earlier);
	out->class_dropped = out->n > 0 && decision_drops_image(resolved, out);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's cameras, as view.c documents them. Whether one is on is not reckoned here: policy is asked what
 * it would make of a read captured there and now. Positions are left out: names and areas are what people go
 * by. Who draws a map asks for positions, and gets {camera_id, latitude, longitude} of each.
 */
#include "gateway/governance/view.h"
#include "policy/decide.h"

#include <stdlib.h>

static const char *state_name(enum camera_state state)
{
	switch (state) {
	case CAMERA_OFFERED:
		return "offered";
	case CAMERA_COMMISSIONING:
		return "commissioning";
	case CAMERA_LIVE:
		return "live";
	case CAMERA_RETIRED:
		return "retired";
	case CAMERA_UNKNOWN_STATE:
		break;
	}
	return "unknown";
}

/* A read of any kind will do: whether anything of this camera is shared. */
static bool is_on(
	const struct partner_policy *policy, const struct camera *c, struct utc_ms now, enum reason *why)
{
	static const enum read_kind kinds[] = {READ_KIND_VRM, READ_KIND_HASHED_TAG, READ_KIND_NO_PLATE};
	struct decision d = {0};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && d.verdict != VERDICT_PERMIT; i++) {
		struct read read = {.camera_id = span_text(c->id),
			.captured_at = now,
			.kind = kinds[i],
			.has = READ_HAS_CONFIDENCE,
			.confidence = 1};
		policy_decide(policy, &read, now, now, &d);
		if (i == 0 || d.reason != REASON_WRONG_KIND)
			*why = d.reason;
	}
	return d.verdict == VERDICT_PERMIT;
}

static json_t *agreements_view(const struct partner *p, const struct camera *c, struct utc_ms now)
{
	json_t *list = json_array();
	const uint32_t *rules;
	for (size_t i = 0; i < p->n_agreements; i++) {
		const struct policy_agreement_version *v = &p->agreements[i];
		const struct camera *then =
			version_alive(v, now)
				? register_find(schedule_register(v->schedule), span_text(c->id))
				: NULL;
		if (then && strcmp(then->id, c->id) == 0 && schedule_rules(v->schedule, then->index, &rules))
			json_array_append_new(list, json_string(v->agreement->id));
	}
	return list;
}

static json_t *camera_view(const struct partner *p, const struct partner_policy *policy,
	const struct camera *c, struct utc_ms now)
{
	enum reason why = REASON_UNSPECIFIED;
	bool on = is_on(policy, c, now, &why);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:b, s:o}", "partner", p->id, "camera_id",
		c->id, "name", view_text(c->name), "road", view_text(c->road), "area", view_text(c->area),
		"state", state_name(c->state), "agreements", agreements_view(p, c, now), "on", on, "reason",
		on ? json_null() : json_string(reason_name(why)));
}

char *governance_view_cameras(const struct governance *g, const char *partner, struct utc_ms now)
{
	size_t index = state_partner(g, partner);
	if (index == NOWHERE)
		return NULL;
	struct policy_snapshot *snapshot = NULL;
	json_t *list = json_array();
	if (!ok(governance_snapshot(g, now, &snapshot)))
		return view_finish(list);
	const struct partner *p = &g->partners[index];
	const struct camera_register *r = partner_register(p);
	const struct partner_policy *policy = snapshot_partner(snapshot, span_text(p->id));
	for (size_t k = 0; r && k < r->n; k++)
		json_array_append_new(list, camera_view(p, policy, &r->cameras[k], now));
	snapshot_release(snapshot);
	return view_finish(list);
}

char *governance_view_positions(const struct governance *g, const char *partner)
{
	size_t index = state_partner(g, partner);
	if (index == NOWHERE)
		return NULL;
	const struct camera_register *r = partner_register(&g->partners[index]);
	json_t *list = json_array();
	for (size_t k = 0; r && k < r->n; k++)
		json_array_append_new(
			list, json_pack("{s:s, s:f, s:f}", "camera_id", r->cameras[k].id, "latitude",
				      r->cameras[k].lat, "longitude", r->cameras[k].lon));
	return view_finish(list);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a switch or an agreement reaches, in numbers of cameras.
 */
#include "gateway/governance/plan.h"

#include "gateway/base/memory.h"

#include <stdlib.h>

/* Whether a switch of this side and agreement is about the version. */
static bool about(
	const struct partner *p, const struct policy_agreement_version *v, const struct switch_key *key)
{
	if (key->agreement && strcmp(key->agreement, v->agreement->id) != 0)
		return false;
	return !key->side || strcmp(key->side, p->organisation) == 0 ||
	       strcmp(key->side, v->agreement->recipient) == 0;
}

static bool rule_covers(const struct policy_agreement_version *v, const char *rule, uint32_t index)
{
	const uint32_t *rules;
	size_t n = schedule_rules(v->schedule, index, &rules);
	for (size_t i = 0; i < n; i++)
		if (!rule || strcmp(v->agreement->rules[rules[i]].name, rule) == 0)
			return true;
	return false;
}

/* Whether the version has the camera under the rule; schedules keep the register they were resolved on. */
static bool version_covers(const struct policy_agreement_version *v, const char *rule, const char *camera)
{
	const struct camera *c = register_find(schedule_register(v->schedule), span_text(camera));
	return c && strcmp(c->id, camera) == 0 && rule_covers(v, rule, c->index);
}

static bool covered(
	const struct partner *p, const struct switch_key *key, struct utc_ms at, const char *camera)
{
	for (size_t i = 0; i < p->n_agreements; i++) {
		const struct policy_agreement_version *v = &p->agreements[i];
		if (version_alive(v, at) && about(p, v, key) && version_covers(v, key->rule, camera))
			return true;
	}
	return false;
}

size_t effect_cameras(const struct partner *p, const struct switch_key *key, struct utc_ms at)
{
	const struct camera_register *r = partner_register(p);
	size_t n = 0;
	if (!partners_alive(p, at))
		return 0;
	for (size_t i = 0; key->cameras && i < key->n_cameras; i++)
		n += covered(p, key, at, key->cameras[i]);
	for (size_t i = 0; !key->cameras && r && i < r->n; i++)
		n += covered(p, key, at, r->cameras[i].id);
	return n;
}

void effect_recipients(
	const struct partner *p, const struct switch_key *key, struct utc_ms at, struct buffer *out)
{
	bool first = true;
	for (size_t i = 0; i < p->n_agreements; i++) {
		const struct policy_agreement_version *v = &p->agreements[i];
		bool told = false;
		if (!version_alive(v, at) || !about(p, v, key))
			continue;
		for (size_t k = 0; k < i && !told; k++)
			told = version_alive(&p->agreements[k], at) && about(p, &p->agreements[k], key) &&
			       strcmp(p->agreements[k].agreement->recipient, v->agreement->recipient) == 0;
		if (!told)
			text_add(out, "%s%s", first ? "" : ", ", v->agreement->recipient);
		first = false;
	}
	if (first)
		text_add(out, "nobody");
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Revocation lists: in force at once, by one person of the organisation whose CA says so. Entries from before
 * stay good.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"

static struct status list_check(struct plan *p, const struct organisation *o, struct error *e)
{
	if (!revocation_list_issued_by(p->revokes, buffer_span(&o->trust_root)))
		return state_refuse(e,
			"the revocation list is not by %s's CA: a body revokes what its own CA has issued",
			o->id);
	for (size_t i = 0; i < o->n_revoked; i++)
		if (revocation_list_same_issuer(o->revoked[i], p->revokes) &&
			!revocation_list_newer(p->revokes, o->revoked[i]))
			return state_refuse(e, "the revocation list is not newer than the one in force");
	return S_OK;
}

struct status revoke_judge(struct plan *p, struct span text, struct error *e)
{
	const struct organisation *o = state_organisation(p->g, p->command->organisation);
	p->action = "revoke";
	TRY(revocation_list_parse(text, &p->revokes, e));
	TRY(list_check(p, o, e));
	struct buffer about = {0};
	text_add(&about, "organisation %s", o->id);
	p->about = memory_text(buffer_text(&about));
	buffer_free(&about);
	text_add(&p->effect, "%zu certificates of %s's CA are revoked, from now on",
		revocation_list_count(p->revokes), o->id);
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Judging a command: who gave it, whether a person of that role may, whether what they saw still holds, and
 * then what they ask for.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"
#include "gateway/record/form.h"

static bool is_on(const Anpr__V1__Command *c)
{
	return c->ask_case == ANPR__V1__COMMAND__ASK_SET_SWITCH &&
	       c->set_switch->position == ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON;
}

/* An operator sees to gaps and nothing else; an auditor changes nothing. */
static struct status role_judge(const struct plan *p, struct error *e)
{
	bool gap = p->command->ask_case == ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP;
	unsigned needed = gap ? ROLE_BIT(ANPR__V1__ROLE__ROLE_OPERATOR) : DECIDERS;
	if (p->roles & needed)
		return S_OK;
	return state_refuse(e,
		gap ? "%s of %s may not acknowledge gaps: that is an operator's"
		    : "%s of %s may not decide: that is a policy-admin's or a controller's",
		p->subject, p->command->organisation);
}

/* The head that the person saw is one of this journal's. An off is never held up by what its sender saw. */
static struct status head_judge(const struct plan *p, struct error *e)
{
	const Anpr__V1__Command *c = p->command;
	bool must = is_on(c) || c->ask_case == ANPR__V1__COMMAND__ASK_APPROVE;
	if (c->head_sequence == 0)
		return must ? state_refuse(e, "the command does not say which journal head its sender saw")
			    : S_OK;
	const struct history *head = state_history(p->g, c->head_sequence);
	if (!head)
		return state_refuse(e,
			"the command was made after seeing entry %llu, which this journal does not have",
			(unsigned long long)c->head_sequence);
	if (!span_equal(span_binary(c->head_hash), span_of(head->hash.v, sizeof head->hash.v)))
		return state_refuse(e, "the command was made after seeing another journal than this");
	return S_OK;
}

static struct status stale(const struct plan *p, uint64_t entry, const char *about, struct error *e)
{
	return state_refuse(e,
		"stale: entry %llu (%s) was made about %s since entry %llu, the newest you saw",
		(unsigned long long)entry, p->g->history[entry - 1].action, about,
		(unsigned long long)p->command->head_sequence);
}

/* Something about the same partner, or the same charter, was decided after the head that the person saw. */
static struct status stale_judge(const struct plan *p, struct error *e)
{
	for (uint64_t n = p->command->head_sequence + 1; n <= p->g->sequence; n++) {
		const struct history *h = &p->g->history[n - 1];
		if (h->touches && h->about && p->about && strcmp(h->about, p->about) == 0)
			return stale(p, n, h->about, e);
		for (size_t i = 0; h->touches && i < h->n_partners; i++)
			if (p->touched[h->partners[i]])
				return stale(p, n, p->g->partners[h->partners[i]].id, e);
	}
	return S_OK;
}

static struct status gap_judge(struct plan *p, struct error *e)
{
	const char *name = p->command->acknowledge_gap->partner;
	p->action = "acknowledge_gap";
	p->partner = state_partner(p->g, name);
	if (p->partner == NOWHERE)
		return state_refuse(e, "%s is no partner of this gateway", name);
	plan_touch(p, p->partner);
	p->acknowledges = true;
	text_add(&p->effect, "acknowledges the gap in the reads of %s", name);
	return S_OK;
}

static struct status ask_judge(struct plan *p, struct error *e)
{
	switch (p->command->ask_case) {
	case ANPR__V1__COMMAND__ASK_SET_SWITCH:
		return switchboard_judge(p, e);
	case ANPR__V1__COMMAND__ASK_PROPOSE:
		return propose_judge(p, e);
	case ANPR__V1__COMMAND__ASK_APPROVE:
		return approve_judge(p, e);
	case ANPR__V1__COMMAND__ASK_REFUSE:
		return refuse_judge(p, e);
	case ANPR__V1__COMMAND__ASK_WITHDRAW:
		return withdraw_judge(p, e);
	case ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP:
		return gap_judge(p, e);
	case ANPR__V1__COMMAND__ASK__NOT_SET:
	case _ANPR__V1__COMMAND__ASK__CASE_IS_INT_SIZE:
		break;
	}
	return state_refuse(e, "a command that asks for nothing");
}

struct status plan_judge(struct plan *p, struct error *e)
{
	const Anpr__V1__Command *c = p->command;
	bool always = c->ask_case == ANPR__V1__COMMAND__ASK_WITHDRAW ||
		      (c->ask_case == ANPR__V1__COMMAND__ASK_SET_SWITCH && !is_on(c));
	if (p->g->sequence == 0)
		return state_refuse(e, "the journal has not begun");
	TRY(signer_judge(p, e));
	TRY(role_judge(p, e));
	if (!always)
		TRY(head_judge(p, e));
	TRY(ask_judge(p, e));
	if (!p->narrows && !p->attestable && !p->by_cms)
		return state_refuse(
			e, "this needs the person's own signature: a connection alone only turns off");
	if (is_on(c) || c->ask_case == ANPR__V1__COMMAND__ASK_APPROVE)
		TRY(stale_judge(p, e));
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules behind each track, asked one by one. Rules share a track only where they differ in their hours
 * alone, or cover the camera in no version; so hours are all that is looked at again.
 */
#include "policy/explain.h"

#include "policy/question.h"

static void track_explain(const struct feed *feed, const struct track *track, const struct question *q,
	rule_answer_fn *each, void *context)
{
	struct rule_answer answer = {.feed = &feed->policy, .covers = track->covers};
	enum reason reason = track_decide(track, feed->limits, q, &answer.classes);
	bool past_hours = reason == REASON_UNSPECIFIED || reason > REASON_OUTSIDE_HOURS;

	for (uint32_t i = 0; i < track->n_rules; i++) {
		answer.rule = &feed->policy.agreement->rules[track->rules[i]];
		answer.reason = reason;
		if (track->n_rules > 1 && past_hours && !rule_hours_hold(answer.rule, q->read->captured_at))
			answer.reason = REASON_OUTSIDE_HOURS;
		each(context, &answer);
	}
}

void policy_explain(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, rule_answer_fn *each, void *context)
{
	struct question q;

	if (!p)
		return;
	q = question_of(p, read, received, now);
	for (size_t i = 0; i < p->n_feeds; i++) {
		for (uint32_t t = 0; t < q.profile->feeds[i].n; t++)
			track_explain(&p->feeds[i], &q.profile->feeds[i].tracks[t], &q, each, context);
	}
}

struct status policy_input_known(const struct policy_partner_input *in, struct utc_ms at, struct arena *arena,
	struct policy_partner_input *out)
{
	struct policy_register_version *registers =
		arena_alloc(arena, (in->n_registers + 1) * sizeof *registers);
	struct policy_agreement_version *agreements =
		arena_alloc(arena, (in->n_agreements + 1) * sizeof *agreements);
	struct switch_event *switches = arena_alloc(arena, (in->n_switches + 1) * sizeof *switches);

	REQUIRE(registers && agreements && switches, S_OVERLOAD);
	*out = *in;
	out->n_registers = out->n_agreements = out->n_switches = 0;
	for (size_t i = 0; i < in->n_registers; i++) {
		if (in->registers[i].from.v <= at.v)
			registers[out->n_registers++] = in->registers[i];
	}
	for (size_t i = 0; i < in->n_agreements; i++) {
		if (in->agreements[i].agreed.v > at.v)
			continue;
		agreements[out->n_agreements] = in->agreements[i];
		if (in->agreements[i].ended.v > at.v)
			agreements[out->n_agreements].ended.v = 0;
		out->n_agreements++;
	}
	for (size_t i = 0; i < in->n_switches; i++) {
		if (in->switches[i].at.v <= at.v)
			switches[out->n_switches++] = in->switches[i];
	}
	out->registers = registers;
	out->agreements = agreements;
	out->switches = switches;
	return S_OK;
}

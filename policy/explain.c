/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules behind each track, asked one by one. Rules share a track only where they differ in their hours
 * alone, or cover the camera in no version; so hours are all that is looked at again.
 */
#include "policy/explain.h"

#include "policy/offs.h"
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

static int64_t clock_bound(const struct policy_partner_input *in, const char *agreement)
{
	int64_t bound = in->clock_bound_ms;

	for (size_t i = 0; i < in->n_agreements; i++) {
		const struct agreement *a = in->agreements[i].agreement;

		if (strcmp(a->id, agreement) == 0 && a->clock_bound_ms > bound)
			bound = a->clock_bound_ms;
	}
	return bound;
}

/* As compile_feed.c has it: the partner's side, or that of any recipient the agreement ever had. */
static bool side_is_of(const struct policy_partner_input *in, const char *side, const char *agreement)
{
	bool found = selector_covers(side, in->organisation);

	for (size_t i = 0; i < in->n_agreements; i++) {
		const struct agreement *a = in->agreements[i].agreement;

		found = found || (strcmp(a->id, agreement) == 0 && selector_covers(side, a->recipient));
	}
	return found;
}

static bool off_covers(
	const struct policy_partner_input *in, const struct switch_key *key, const struct off_question *q)
{
	return selector_covers(key->agreement, q->agreement) && side_is_of(in, key->side, q->agreement) &&
	       selector_covers(key->rule, q->rule) && switch_key_lists(key, q->camera) &&
	       (key->classes == 0 || key->classes & q->class);
}

struct status policy_offs_tell(
	const struct policy_partner_input *in, const struct off_question *q, off_told_fn *each, void *context)
{
	struct arena arena CLEANUP(arena_free) = {.max = SIZE_MAX};
	int64_t bound = clock_bound(in, q->agreement);
	struct off *offs;
	size_t n;

	TRY(offs_make(in->switches, in->n_switches, &arena, &offs, &n));
	for (size_t i = 0; i < n; i++) {
		const struct off *off = &offs[i];
		bool for_ever = off->until == OFF_FOR_EVER;
		struct off_told told = {
			.began_by = off->began_by,
			.ended_by = off->ended_by,
			.from = {off->from},
			.until = {for_ever ? 0 : off->until},
			.key = off->key,
			.at_capture = off->from < off->until && off->from - bound <= q->captured.v &&
				      (for_ever || q->captured.v < off->until + bound),
			.at_publication = off->from <= q->published.v && q->published.v < off->until,
		};

		if ((told.at_capture || told.at_publication) && off_covers(in, off->key, q))
			each(context, &told);
	}
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Which sources run: those whose partner has something on (or is tried by its own body), that nobody holds,
 * and that no end guards. What was gathered of the others is given up; they are asked for it again.
 *
 * The guard before an end (DESIGN.md 3, "Off"): whatever a transaction begun in the last seconds before an
 * end finds covered by it is left with the partner, everything behind it too, until the end is over and
 * enforced. A transaction may take as long as that, and a clock be as wrong.
 */
#include "gateway/core/publisher_internal.h"

#include "gateway/base/log.h"

/* It is to be told in the ledger, and what the partner kept from before is not asked for. */
static void owe_gap(struct partner *partner, int64_t from_ms)
{
	partner->gap = ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF;
	partner->gap_from_ms = from_ms;
	partner_rewind(partner);
}

/* What is in memory of it, and still in its socket, belongs to the span that is skipped: counted after the
 * gap was told, it would look as if the partner had been asked again. */
static void go_off(struct publisher *p, struct partner *partner)
{
	partner_stop(partner);
	batch_forget(p->current, partner);
	batch_forget(p->next, partner);
	owe_gap(partner, partner->guarded.until_ms ? partner->guarded.since_ms : clock_now().v);
	log_info("partner off", "partner=%s", partner->id);
}

/* An off that the ledger says nothing of, because whoever was to tell it died first, or because it was over
 * before this publisher knew: policy says that the partner came on after its newest read had arrived. */
static void find_missed_off(struct partner *partner, const struct partner_policy *policy, struct utc_ms now)
{
	bool told = partner->off_since_ms != 0 || partner->gap == ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF;

	if (told || partner->newest_arrival_ms == 0 ||
		partner_policy_on_since(policy, now).v <= partner->newest_arrival_ms)
		return;
	owe_gap(partner, partner->newest_arrival_ms);
	log_info("partner was off", "partner=%s", partner->id);
}

/* After its cursor, or where there is none, from when it came on. */
static void start_source(struct partner *partner, const struct partner_policy *policy, struct utc_ms now)
{
	partner->since_ms = partner_policy_on_since(policy, now).v - partner->clock_bound_ms;
	partner_start(partner);
}

/* What is in memory of it waits with the partner instead, so that nobody else's reads wait for it here. */
static void drop(struct publisher *p, struct partner *partner)
{
	batch_forget(p->current, partner);
	batch_forget(p->next, partner);
	if (!partner->started)
		return;
	partner_stop(partner);
	partner_rewind(partner);
}

/* --- the guard --- */

bool steer_guard(struct partner *partner, const struct partner_policy *policy, const struct batch_part *part,
	struct utc_ms now)
{
	struct utc_ms until = {now.v + END_GUARD_MS}, end = partner_policy_next_end(policy, now);

	if (partner->guarded.until_ms)
		return true;
	for (size_t i = 0; end.v <= until.v && i < part->reads.n; i++) {
		if (!policy_ends_by(
			    policy, &part->reads.reads[i], (struct utc_ms){part->received_ms}, now, until))
			continue;
		partner->guarded = (struct end_guard){.until_ms = end.v, .since_ms = part->received_ms};
		log_info("end guarded", "partner=%s until=%s", partner->id, CLOCK_TEXT(end));
		return true;
	}
	return false;
}

struct open_ends {
	const char *partner;
	struct utc_ms now;
	bool any;
};

static void look_open(void *context, const struct governance *g)
{
	struct open_ends *o = context;
	const struct pending *pending;
	size_t n = governance_pending(g, &pending);
	Anpr__V1__Lapse lapse;
	struct utc_ms next;

	o->any = ok(governance_due(g, o->now, &lapse, &next));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < pending[i].n_partners; k++)
			o->any |= strcmp(pending[i].partners[k], o->partner) == 0;
}

/* The end is over, and journaled and enforced; or it was put off. */
static bool guard_is_over(struct publisher *p, const struct partner *partner,
	const struct partner_policy *policy, struct utc_ms now)
{
	struct open_ends o = {.partner = partner->id, .now = now};

	if (now.v < partner->guarded.until_ms)
		return partner_policy_next_end(policy, now).v != partner->guarded.until_ms;
	journal_look(p->options.journal, look_open, &o);
	return !o.any;
}

/* --- steering --- */

static void steer_partner(struct publisher *p, struct partner *partner)
{
	const struct partner_policy *policy = snapshot_partner(p->snapshot, span_text(partner->id));
	struct utc_ms now = clock_now();
	bool on = policy && partner_policy_any_on(policy, now);
	bool wanted = on || trial_connects(p->trial, partner->id, now);

	if (partner->wanted && !wanted)
		go_off(p, partner);
	partner->on = on;
	partner->wanted = wanted;
	if (p->known && !partner->started)
		find_missed_off(partner, policy, now);
	if (partner->guarded.until_ms && guard_is_over(p, partner, policy, now))
		partner->guarded = (struct end_guard){0};
	if (atomic_load(&partner->held) > 0 || partner->blocked || partner->guarded.until_ms) {
		drop(p, partner);
		return;
	}
	if (wanted && !partner->started && partner->channel.fd >= 0 && p->known)
		start_source(partner, policy, now);
}

void steer_leave(struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++) {
		struct partner *partner = p->partners[i];

		drop(p, partner);
		partner->on = partner->wanted = partner->blocked = false;
		partner->gap = ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED;
		partner->guarded = (struct end_guard){0};
	}
}

void steer_run(struct publisher *p)
{
	for (size_t i = 0; p->snapshot && i < p->n_partners; i++)
		steer_partner(p, p->partners[i]);
}

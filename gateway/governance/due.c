/* SPDX-License-Identifier: Apache-2.0
 *
 * What takes effect by itself: ends of periods and agreements, proposals nobody finished, and stop files,
 * which lie in a node's folder and are journaled by it.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/resolve.h"
#include "gateway/governance/state.h"

#include <stdlib.h>

#define SWITCH_PERIOD     ANPR__V1__LAPSE__CAUSE__CAUSE_SWITCH_PERIOD
#define AGREEMENT_END     ANPR__V1__LAPSE__CAUSE__CAUSE_AGREEMENT_END
#define PROPOSAL_OVER     ANPR__V1__LAPSE__CAUSE__CAUSE_PROPOSAL_LAPSED
#define STOP_FILE         ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE
#define STOP_FILE_REMOVED ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE_REMOVED

/* The earliest end, over all that is still to come. */
struct next {
	int64_t at;
	Anpr__V1__Lapse__Cause cause;
	uint64_t subject;
};

static void consider(struct next *next, int64_t at, Anpr__V1__Lapse__Cause cause, uint64_t subject)
{
	if (at < next->at)
		*next = (struct next){at, cause, subject};
}

static bool agreement_ends(const struct partner *p, size_t i)
{
	return p->agreements[i].ended.v == 0 && !p->facts[i].lapsed;
}

static struct next next_end(const struct governance *g)
{
	struct next next = {.at = FOR_EVER};
	for (size_t i = 0; i < g->n_periods; i++)
		if (!g->periods[i].over)
			consider(&next, g->periods[i].until, SWITCH_PERIOD, g->periods[i].entry);
	for (size_t i = 0; i < g->n_partners; i++)
		for (size_t k = 0; k < g->partners[i].n_agreements; k++)
			if (agreement_ends(&g->partners[i], k))
				consider(&next, g->partners[i].agreements[k].agreement->until.v,
					AGREEMENT_END, g->partners[i].facts[k].proposal);
	for (size_t i = 0; i < g->n_proposals; i++)
		if (g->proposals[i]->state == PROPOSAL_OPEN)
			consider(&next, g->proposals[i]->at.v + PROPOSAL_LIFE_MS, PROPOSAL_OVER,
				g->proposals[i]->number);
	return next;
}

struct status governance_due(
	const struct governance *g, struct utc_ms now, Anpr__V1__Lapse *out, struct utc_ms *next_due)
{
	struct next next = next_end(g);
	next_due->v = next.at;
	anpr__v1__lapse__init(out);
	if (next.at == FOR_EVER || next.at > now.v)
		return S_WAIT;
	out->cause = next.cause;
	out->subject = next.subject;
	return S_OK;
}

/* --- judging --- */

static struct status period_judge(
	const struct governance *g, uint64_t subject, struct utc_ms at, struct error *e)
{
	for (size_t i = 0; i < g->n_periods; i++)
		if (g->periods[i].entry == subject && !g->periods[i].over && g->periods[i].until <= at.v)
			return S_OK;
	return state_refuse(e, "no period of entry %llu ends now", (unsigned long long)subject);
}

/* The agreement version of that proposal; NOWHERE = none that is still to end. */
static size_t version_ending(const struct partner *p, uint64_t proposal)
{
	for (size_t i = 0; i < p->n_agreements; i++)
		if (p->facts[i].proposal == proposal && agreement_ends(p, i))
			return i;
	return NOWHERE;
}

static struct status end_judge(
	const struct governance *g, uint64_t subject, struct utc_ms at, struct error *e)
{
	for (size_t i = 0; i < g->n_partners; i++) {
		size_t v = version_ending(&g->partners[i], subject);
		if (v != NOWHERE && g->partners[i].agreements[v].agreement->until.v <= at.v)
			return S_OK;
	}
	return state_refuse(e, "no agreement of proposal %llu ends now", (unsigned long long)subject);
}

static struct status proposal_judge(
	const struct governance *g, uint64_t subject, struct utc_ms at, struct error *e)
{
	const struct proposal *p = state_proposal(g, subject);
	if (p && p->state == PROPOSAL_OPEN && p->at.v + PROPOSAL_LIFE_MS <= at.v)
		return S_OK;
	return state_refuse(e, "no proposal %llu lapses now", (unsigned long long)subject);
}

static size_t find_stop(const struct governance *g, const char *node, const char *partner)
{
	for (size_t i = 0; i < g->n_stops; i++)
		if (strcmp(g->stops[i].node, node) == 0 && strcmp(g->stops[i].partner, partner) == 0)
			return i;
	return NOWHERE;
}

static struct status stop_judge(
	const struct governance *g, const Anpr__V1__Lapse *l, const char *node, struct error *e)
{
	bool there = find_stop(g, node, l->partner) != NOWHERE;
	if (*l->partner && state_partner(g, l->partner) == NOWHERE)
		return state_refuse(e, "%s is no partner of this gateway", l->partner);
	if (there == (l->cause == STOP_FILE))
		return state_refuse(e,
			there ? "node %s's stop file is in the journal already"
			      : "no stop file of node %s is in the journal",
			node);
	return S_OK;
}

struct status lapse_judge(const struct governance *g, const Anpr__V1__Lapse *l, const char *node,
	struct utc_ms at, struct error *e)
{
	switch (l->cause) {
	case SWITCH_PERIOD:
		return period_judge(g, l->subject, at, e);
	case AGREEMENT_END:
		return end_judge(g, l->subject, at, e);
	case PROPOSAL_OVER:
		return proposal_judge(g, l->subject, at, e);
	case STOP_FILE:
	case STOP_FILE_REMOVED:
		return stop_judge(g, l, node, e);
	case ANPR__V1__LAPSE__CAUSE__CAUSE_UNSPECIFIED:
	case _ANPR__V1__LAPSE__CAUSE_IS_INT_SIZE:
		break;
	}
	return state_refuse(e, "a lapse of unknown cause");
}

const char *governance_stop_file(const struct governance *g, const char *node, size_t i)
{
	for (size_t k = 0; k < g->n_stops; k++)
		if (strcmp(g->stops[k].node, node) == 0 && i-- == 0)
			return g->stops[k].partner;
	return NULL;
}

/* --- taking effect --- */

static void touch(struct history *h, size_t partner)
{
	for (size_t i = 0; i < h->n_partners; i++)
		if (h->partners[i] == partner)
			return;
	GROW(h->partners, h->n_partners);
	h->partners[h->n_partners++] = partner;
}

static void period_execute(struct governance *g, uint64_t subject, struct utc_ms at, struct history *h)
{
	h->action = "period_ended";
	for (size_t i = 0; i < g->n_periods; i++) {
		struct period *p = &g->periods[i];
		if (p->entry != subject || p->over || p->until > at.v)
			continue;
		p->over = true;
		h->fences |= p->on;
		touch(h, p->partner);
	}
}

static void end_execute(struct governance *g, uint64_t subject, struct history *h)
{
	h->action = "agreement_ended";
	h->fences = true;
	for (size_t i = 0; i < g->n_partners; i++) {
		size_t v = version_ending(&g->partners[i], subject);
		if (v == NOWHERE)
			continue;
		g->partners[i].facts[v].lapsed = true;
		touch(h, i);
	}
}

static void proposal_execute(struct governance *g, uint64_t subject, struct history *h)
{
	struct proposal *p = (struct proposal *)state_proposal(g, subject);
	h->action = "proposal_lapsed";
	p->state = PROPOSAL_LAPSED;
	if (p->partner != NOWHERE)
		touch(h, p->partner);
	if (p->charter)
		h->about = memory_text(p->about);
}

static bool stopped(const struct governance *g, size_t partner)
{
	for (size_t i = 0; i < g->n_stops; i++)
		if (!*g->stops[i].partner || strcmp(g->stops[i].partner, g->partners[partner].id) == 0)
			return true;
	return false;
}

/* A switch of neither side's over everything of the partner: no side's `on` ends it. */
static void stop_switch(struct governance *g, size_t partner, enum switch_position position, struct utc_ms at,
	uint64_t number)
{
	struct switch_event event = {.at = at, .position = position, .entry = number};
	switch_take(g, partner, &event, memory_text(""));
}

static void stops_change(struct governance *g, const Anpr__V1__Lapse *l, const char *node)
{
	if (l->cause == STOP_FILE) {
		GROW(g->stops, g->n_stops);
		g->stops[g->n_stops++] = (struct stop){memory_text(node), memory_text(l->partner)};
		return;
	}
	size_t i = find_stop(g, node, l->partner);
	free(g->stops[i].node);
	free(g->stops[i].partner);
	g->stops[i] = g->stops[--g->n_stops];
}

static void stop_execute(struct governance *g, const Anpr__V1__Lapse *l, const char *node, struct utc_ms at,
	uint64_t number, struct history *h)
{
	bool stop = l->cause == STOP_FILE;
	if (stop && l->accepted_at_ms && l->accepted_at_ms < at.v)
		at.v = h->accepted.v = l->accepted_at_ms;
	h->action = stop ? "stop_file" : "stop_file_removed";
	h->fences = stop;
	stops_change(g, l, node);
	for (size_t i = 0; i < g->n_partners; i++) {
		if (*l->partner && strcmp(g->partners[i].id, l->partner) != 0)
			continue;
		touch(h, i);
		if (stop)
			stop_switch(g, i, SWITCH_OFF, at, number);
		else if (!stopped(g, i))
			stop_switch(g, i, SWITCH_ON, at, number);
	}
}

static char *lapse_effect(const struct governance *g, const Anpr__V1__Lapse *l, const struct history *h)
{
	struct buffer text = {0};
	switch (l->cause) {
	case SWITCH_PERIOD:
		text_add(&text, "the period of entry %llu is over: %s", (unsigned long long)l->subject,
			h->fences ? "off again" : "that off ends");
		break;
	case AGREEMENT_END:
		text_add(&text, "the agreement of proposal %llu has ended", (unsigned long long)l->subject);
		break;
	case PROPOSAL_OVER:
		text_add(&text, "proposal %llu has lapsed after 30 days", (unsigned long long)l->subject);
		break;
	case STOP_FILE:
	case STOP_FILE_REMOVED:
		text_add(&text, "a stop file %s %s", l->cause == STOP_FILE ? "turns off" : "is gone for",
			*l->partner ? l->partner : "every partner");
		for (size_t i = 0; l->cause == STOP_FILE_REMOVED && i < h->n_partners; i++)
			if (stopped(g, h->partners[i]))
				text_add(&text, "; another still stops %s", g->partners[h->partners[i]].id);
		break;
	case ANPR__V1__LAPSE__CAUSE__CAUSE_UNSPECIFIED:
	case _ANPR__V1__LAPSE__CAUSE_IS_INT_SIZE:
		break;
	}
	char *out = memory_text(buffer_text(&text));
	buffer_free(&text);
	return out;
}

void lapse_execute(struct governance *g, const Anpr__V1__Lapse *l, const char *node, struct utc_ms at,
	uint64_t number, struct history *h)
{
	h->touches = true;
	switch (l->cause) {
	case SWITCH_PERIOD:
		period_execute(g, l->subject, at, h);
		break;
	case AGREEMENT_END:
		end_execute(g, l->subject, h);
		break;
	case PROPOSAL_OVER:
		proposal_execute(g, l->subject, h);
		break;
	case STOP_FILE:
	case STOP_FILE_REMOVED:
		stop_execute(g, l, node, at, number, h);
		break;
	case ANPR__V1__LAPSE__CAUSE__CAUSE_UNSPECIFIED:
	case _ANPR__V1__LAPSE__CAUSE_IS_INT_SIZE:
		break;
	}
	h->effect = lapse_effect(g, l, h);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * How each switch stands: its events folded in journal order, as policy folds them. An off lasts until an
 * `on` of the same key or its own end, whichever comes first, and none shortens another; an `on --for` is off
 * again at its end.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/state.h"

#include <stdlib.h>

#define SHOWN_MAX 200 /* bytes of a list of patterns that people are shown */

static void add_field(struct buffer *b, const char *text)
{
	text_add_bytes(b, span_of(text ? text : "", text ? strlen(text) + 1 : 1));
}

struct digest switch_key_digest(const struct switch_key *key)
{
	CLEANUP(buffer_free) struct buffer b = {0};
	add_field(&b, key->side);
	add_field(&b, key->agreement);
	add_field(&b, key->rule);
	text_add(&b, "%u/%d/", key->classes, key->cameras != NULL);
	for (size_t i = 0; key->cameras && i < key->n_cameras; i++)
		add_field(&b, key->cameras[i]);
	return digest_of(buffer_span(&b));
}

static struct switch_state *state_of(struct partner *p, const struct digest *key, size_t event)
{
	struct switch_state *s;
	HASH_FIND(hh, p->states, key, sizeof *key, s);
	if (s)
		return s;
	s = memory_new(1, sizeof *s);
	s->key = *key;
	s->event = event;
	HASH_ADD(hh, p->states, key, sizeof s->key, s);
	return s;
}

/* Ends of periods that the event makes pointless: all where the switch is now on; that of an `on --for` where
 * it is off already. */
static void periods_settle(struct governance *g, size_t partner, const struct digest *key, bool on)
{
	for (size_t i = 0; i < g->n_periods; i++) {
		struct period *p = &g->periods[i];
		if (!p->over && p->partner == partner && digest_equal(&p->key, key) && (on || p->on))
			p->over = true;
	}
}

void switch_take(struct governance *g, size_t partner, struct switch_event *event, char *selectors)
{
	struct partner *p = &g->partners[partner];
	struct digest key = switch_key_digest(&event->key);
	struct switch_state *s = state_of(p, &key, p->n_switches);
	bool on = event->position == SWITCH_ON;
	int64_t until = event->until.v ? event->until.v : FOR_EVER;
	if (on) {
		s->off_until = 0;
		s->on_until = event->until.v;
	} else if (until > s->off_until) {
		s->off_until = until;
	}
	s->last = p->n_switches;
	periods_settle(g, partner, &key, on);
	if (event->until.v) {
		GROW(g->periods, g->n_periods);
		g->periods[g->n_periods++] =
			(struct period){event->entry, partner, key, event->until.v, on, false};
	}
	GROW(p->selectors, p->n_switches);
	GROW(p->switches, p->n_switches);
	p->selectors[p->n_switches] = selectors;
	p->switches[p->n_switches++] = *event;
}

bool switch_state_off(const struct switch_state *s, struct utc_ms at)
{
	return s->off_until > at.v || (s->on_until && s->on_until <= at.v);
}

uint64_t governance_newest_off(
	const struct governance *g, const char *partner, struct utc_ms now, struct utc_ms *since)
{
	size_t i = state_partner(g, partner);
	uint64_t newest = 0;
	*since = (struct utc_ms){0};
	for (const struct switch_state *s = i == NOWHERE ? NULL : g->partners[i].states; s; s = s->hh.next) {
		const struct switch_event *last = &g->partners[i].switches[s->last];
		if (!switch_state_off(s, now) || last->entry < newest)
			continue;
		newest = last->entry;
		*since = s->on_until ? (struct utc_ms){s->on_until} : last->at;
	}
	return newest;
}

void switch_describe(const struct switch_key *key, const char *selectors, struct buffer *out)
{
	const char *side = key->side ? key->side : "a stop file";
	if (!*selectors) {
		text_add(out, "%s over everything", side);
		return;
	}
	text_add(out, "%s over %.*s%s", side, SHOWN_MAX, selectors,
		strlen(selectors) > SHOWN_MAX ? "..." : "");
	if (key->cameras)
		text_add(out, " (%zu cameras)", key->n_cameras);
}

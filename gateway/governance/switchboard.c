/* SPDX-License-Identifier: Apache-2.0
 *
 * Turning switches: which switches a command means, on its signer's own side, and what then still holds
 * sharing off.
 */
#include "gateway/governance/plan.h"

#include "gateway/base/memory.h"
#include "gateway/governance/resolve.h"

#include <stdlib.h>

#define SHOWN_MAX 5 /* switches told one by one */

/* Whether anything that is agreed is under the switch: those of agreements that are over hold nothing off. */
static bool matters(const struct plan *p, const struct partner *partner, const struct switch_key *key)
{
	if (key->agreement && partner_agreement(partner, key->agreement, p->at) == NOWHERE)
		return false;
	return !key->side || partner_has_side(partner, key->side, p->at);
}

/* Switches of the partner that are off, but for those that the plan turns. */
static size_t tell_still_off(struct plan *p, size_t partner, bool by_name)
{
	const struct partner *at = &p->g->partners[partner];
	size_t n = 0;
	for (const struct switch_state *s = at->states; s; s = s->hh.next) {
		bool turned = false;
		for (size_t i = 0; i < p->n_switches && !turned; i++)
			turned = p->switches[i].partner == partner &&
				 switch_key_equal(&p->switches[i].event.key, &at->switches[s->event].key);
		if (turned || !switch_state_off(s, p->at) || !matters(p, at, &at->switches[s->event].key))
			continue;
		if (by_name && n < SHOWN_MAX) {
			text_add(&p->effect, "%s", n ? "; " : "; still off: ");
			switch_describe(&at->switches[s->event].key, at->selectors[s->event], &p->effect);
		}
		n++;
	}
	if (by_name && n > SHOWN_MAX)
		text_add(&p->effect, "; and %zu more", n - SHOWN_MAX);
	return n;
}

static void tell_partner(struct plan *p, size_t partner, const struct switch_key *key, struct utc_ms until)
{
	const struct partner *at = &p->g->partners[partner];
	const Anpr__V1__SetSwitch *ask = p->command->set_switch;
	bool on = ask->position == ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON;
	char *selectors = selectors_text(ask);
	text_add(&p->effect, "%sturns %s %zu cameras of %s for ", p->effect.n ? "; " : "", on ? "on" : "off",
		effect_cameras(at, key, p->at), at->id);
	effect_recipients(at, key, p->at, &p->effect);
	if (*selectors)
		text_add(&p->effect, " (%.200s)", selectors);
	if (until.v)
		text_add(&p->effect, " until %s", CLOCK_TEXT(until));
	free(selectors);
}

/* Agreement and rule that are named must be there; a switch over nothing would look like a switch. */
static struct status check_named(const struct plan *p, const struct partner *partner, struct error *e)
{
	const Anpr__V1__SetSwitch *ask = p->command->set_switch;
	if (!*ask->agreement)
		return S_OK;
	size_t v = partner_agreement(partner, ask->agreement, p->at);
	if (v == NOWHERE)
		return state_refuse(
			e, "partner %s has no agreement %s in force or to come", partner->id, ask->agreement);
	const struct agreement *a = partner->agreements[v].agreement;
	if (strcmp(p->command->organisation, partner->organisation) != 0 &&
		strcmp(p->command->organisation, a->recipient) != 0)
		return state_refuse(
			e, "%s is on neither side of agreement %s", p->command->organisation, a->id);
	for (size_t i = 0; *ask->rule && i < a->n_rules; i++)
		if (strcmp(a->rules[i].name, ask->rule) == 0)
			return S_OK;
	return *ask->rule ? state_refuse(e, "agreement %s has no rule %s", a->id, ask->rule) : S_OK;
}

static void tell_unmatched(struct plan *p, const struct resolved *r)
{
	if (r->unmatched)
		text_add(&p->effect, "; %zu camera patterns match nothing", r->unmatched);
}

static void off_one(struct plan *p, size_t partner, struct resolved *r)
{
	const Anpr__V1__SetSwitch *ask = p->command->set_switch;
	struct utc_ms until = {ask->for_ms ? p->accepted.v + (int64_t)ask->for_ms : 0};
	tell_partner(p, partner, &r->key, until);
	tell_unmatched(p, r);
	plan_switch(p, partner, SWITCH_OFF, p->accepted, until, &r->key, selectors_text(ask));
	r->key = (struct switch_key){0}; /* the plan's now */
	size_t others = tell_still_off(p, partner, false);
	if (others)
		text_add(&p->effect, "; %zu other switches remain off", others);
}

static struct switch_key key_copy(const struct switch_key *key)
{
	struct switch_key copy = {memory_text(key->side), memory_text(key->agreement), memory_text(key->rule),
		key->classes, NULL, key->n_cameras};
	const char **cameras = key->cameras ? memory_new(key->n_cameras, sizeof *cameras) : NULL;
	for (size_t i = 0; cameras && i < key->n_cameras; i++)
		cameras[i] = memory_text(key->cameras[i]);
	copy.cameras = cameras;
	return copy;
}

/* The switches that this `on` turns: those of the same side that were asked for in the same words, whatever
 * cameras those meant at the time, and the one with the very same cameras. Only where there is something to
 * turn. */
static size_t on_one(struct plan *p, size_t partner, const struct resolved *r, struct utc_ms until)
{
	const struct partner *at = &p->g->partners[partner];
	char *selectors = selectors_text(p->command->set_switch);
	size_t before = p->n_switches;
	for (const struct switch_state *s = at->states; s; s = s->hh.next) {
		const struct switch_event *event = &at->switches[s->event];
		bool meant = event->key.side && strcmp(event->key.side, p->command->organisation) == 0 &&
			     (strcmp(at->selectors[s->event], selectors) == 0 ||
				     switch_key_equal(&event->key, &r->key));
		if (!meant || (!switch_state_off(s, p->at) && s->on_until == until.v))
			continue;
		struct switch_key key = key_copy(&event->key);
		tell_partner(p, partner, &key, until);
		plan_switch(p, partner, SWITCH_ON, p->at, until, &key, memory_text(at->selectors[s->event]));
	}
	free(selectors);
	return p->n_switches - before;
}

static struct status turn_on(struct plan *p, size_t partner, struct resolved *r, bool only, struct error *e)
{
	const Anpr__V1__SetSwitch *ask = p->command->set_switch;
	struct utc_ms until = {ask->for_ms ? p->at.v + (int64_t)ask->for_ms : 0};
	size_t turned = on_one(p, partner, r, until);
	if (turned == 0 && !only)
		return S_OK;
	if (turned == 0 && r->nothing)
		return state_refuse(e, "no camera of %s is selected", p->g->partners[partner].id);
	if (turned == 0)
		text_add(&p->effect, "no switch of %s with these selectors is off", p->command->organisation);
	size_t others = tell_still_off(p, partner, true);
	if (turned == 0)
		return state_refuse(e, "%s", buffer_text(&p->effect));
	if (others == 0)
		text_add(&p->effect, "; nothing else is off");
	return S_OK;
}

static struct status turn(struct plan *p, size_t partner, bool only, struct error *e)
{
	const Anpr__V1__SetSwitch *ask = p->command->set_switch;
	struct resolved r CLEANUP(resolved_fini) = {0};
	resolve(&p->g->partners[partner], ask, p->command->organisation, &r);
	if (ask->position == ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON)
		return turn_on(p, partner, &r, only, e);
	if (r.nothing)
		return only ? state_refuse(e, "no camera of %s is selected", p->g->partners[partner].id)
			    : S_OK;
	off_one(p, partner, &r);
	return S_OK;
}

static struct status turn_named(struct plan *p, struct error *e)
{
	const char *name = p->command->set_switch->partner, *side = p->command->organisation;
	size_t partner = state_partner(p->g, name);
	if (partner == NOWHERE)
		return state_refuse(e, "%s is no partner of this gateway", name);
	if (!partner_has_side(&p->g->partners[partner], side, p->at))
		return state_refuse(e,
			"%s has no switch over %s: it neither runs its cameras nor receives its reads (a "
			"body that consented "
			"withdraws the agreement instead)",
			side, name);
	TRY(check_named(p, &p->g->partners[partner], e));
	return turn(p, partner, true, e);
}

static struct status turn_all(struct plan *p, struct error *e)
{
	const char *side = p->command->organisation;
	size_t sides = 0;
	for (size_t i = 0; i < p->g->n_partners; i++) {
		if (!partner_has_side(&p->g->partners[i], side, p->at))
			continue;
		sides++;
		TRY(turn(p, i, false, e));
	}
	if (!sides)
		return state_refuse(e, "%s has no switch over any partner", side);
	if (!p->n_switches)
		return state_refuse(e, "nothing is selected of any partner, or no such switch is off");
	return S_OK;
}

struct status switchboard_judge(struct plan *p, struct error *e)
{
	bool on = p->command->set_switch->position == ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON;
	p->action = on ? "on" : "off";
	p->touches = true;
	p->narrows = p->fences = !on;
	return *p->command->set_switch->partner ? turn_named(p, e) : turn_all(p, e);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposals and consents: who is asked, what a consent completes, and what anybody may do alone.
 */
#include "gateway/governance/plan.h"

#include "gateway/base/memory.h"
#include "gateway/governance/change.h"
#include "gateway/governance/narrowed.h"
#include "gateway/governance/resolve.h"
#include "gateway/record/form.h"
#include "gateway/text/text.h"

#include <jansson.h>
#include <stdlib.h>

bool consent_given(const struct proposal *p, const char *organisation)
{
	for (size_t i = 0; i < p->n_consents; i++)
		if (strcmp(p->consents[i].organisation, organisation) == 0)
			return true;
	return false;
}

static void need(const char ***list, size_t *n, const char *organisation)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp((*list)[i], organisation) == 0)
			return;
	GROW(*list, *n);
	(*list)[(*n)++] = organisation;
}

/* An agreement's own bodies, and those of the version it replaces: nobody is dropped without being asked. */
size_t consents_needed(
	const struct governance *g, const struct proposal *p, struct utc_ms at, const char ***out)
{
	size_t n = 0;
	*out = NULL;
	for (size_t i = 0; p->charter && i < g->n_organisations; i++)
		if (charter_asks(g, p->charter, at, &g->organisations[i]))
			need(out, &n, g->organisations[i].id);
	if (p->charter)
		return n;
	const struct partner *partner = &g->partners[p->partner];
	if (p->cameras)
		need(out, &n, partner->organisation);
	for (size_t i = 0; p->agreement && i < p->agreement->n_consents; i++)
		need(out, &n, p->agreement->consents[i]);
	for (size_t i = 0; i < partner->n_agreements; i++) {
		const struct agreement *a = partner->agreements[i].agreement;
		if (!version_alive(&partner->agreements[i], at))
			continue;
		if (p->agreement && strcmp(a->id, p->agreement->id) != 0)
			continue;
		for (size_t k = 0; k < a->n_consents; k++)
			need(out, &n, a->consents[k]);
	}
	return n;
}

bool consent_needed(
	const struct governance *g, const struct proposal *p, struct utc_ms at, const char *organisation)
{
	const char **list;
	size_t n = consents_needed(g, p, at, &list);
	bool found = false;
	for (size_t i = 0; i < n; i++)
		found |= strcmp(list[i], organisation) == 0;
	free(list);
	return found;
}

bool consents_complete(struct plan *p, const struct proposal *of)
{
	const char **list;
	size_t n = consents_needed(p->g, of, p->at, &list), missing = 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], p->command->organisation) == 0 || consent_given(of, list[i]))
			continue;
		text_add(&p->effect, "%s%s", missing++ ? ", " : "; still needs the consent of ", list[i]);
	}
	free(list);
	return missing == 0;
}

/* The text that the command carries or the documents topic has. */
static struct status find_text(
	const struct plan *p, const Anpr__V1__DocumentRef *ref, struct span *text, struct error *e)
{
	struct digest want;
	TRY(digest_from(span_binary(ref->sha256), &want));
	for (size_t i = 0; i < p->signed_command->n_documents; i++) {
		*text = span_binary(p->signed_command->documents[i]);
		struct digest is = digest_of(*text);
		if (text->n == ref->size && digest_equal(&is, &want))
			return S_OK;
	}
	if (ok(document_store_find(p->g->documents, &want, ref->size, text)))
		return S_OK;
	error_add(e, NULL, 0, 0, "the text %s is not there, or is not the one whose hash is named",
		DIGEST_TEXT(&want));
	return S_WAIT;
}

struct proposal *proposal_new(const struct plan *p, size_t partner, char *about)
{
	struct proposal *proposal = memory_new(1, sizeof *proposal);
	proposal->kind = p->command->propose->document->kind;
	proposal->partner = partner;
	proposal->about = about;
	proposal->at = p->at;
	proposal->organisation = memory_text(p->command->organisation);
	proposal->subject = memory_text(p->subject);
	proposal->name = memory_text(p->command->propose->document->name);
	memcpy(proposal->sha256.v, p->command->propose->document->sha256.data, DIGEST_BYTES);
	return proposal;
}

struct status proposal_check_repeated(const struct plan *p, const struct proposal *new, struct error *e)
{
	for (size_t i = 0; i < p->g->n_proposals; i++) {
		const struct proposal *o = p->g->proposals[i];
		if (o->state == PROPOSAL_OPEN && o->kind == new->kind &&
			o->partner == new->partner &&digest_equal(&o->sha256, &new->sha256) &&
			p->at.v < o->at.v + PROPOSAL_LIFE_MS)
			return state_refuse(e, "the same text is proposed already, as number %llu",
				(unsigned long long)o->number);
	}
	return S_OK;
}

static char *about(const char *kind, const char *id)
{
	struct buffer text = {0};
	text_add(&text, "%s %s", kind, id);
	char *out = memory_text(buffer_text(&text));
	buffer_free(&text);
	return out;
}

/* --- what comes into force --- */

static void start_off(struct plan *p, const char *side)
{
	struct switch_key key = {.side = memory_text(side), .agreement = memory_text(p->agreement->id)};
	plan_switch(p, p->partner, SWITCH_OFF, p->at, (struct utc_ms){0}, &key,
		selectors_of_agreement(p->agreement->id));
}

/* The agreement is agreed: resolved on the register as it is now, its switches off unless it goes on from a
 * version that was there. */
static struct status agreement_effective(struct plan *p, const struct proposal *of, struct error *e)
{
	const struct partner *partner = &p->g->partners[of->partner];
	TRY(agreement_check(p->g, of->agreement, p->at, e));
	p->partner = of->partner;
	p->agreement = agreement_hold(of->agreement);
	p->replaces = partner_agreement(partner, of->agreement->id, p->at);
	TRY(schedule_resolve(of->agreement, partner_register(partner), &p->schedule));
	if (p->replaces != NOWHERE) {
		p->fences = true; /* it may share less than the one before */
		text_add(&p->effect,
			"; replaces the version of entry %llu at once, switches stay as they are",
			(unsigned long long)partner->facts[p->replaces].entry);
		return S_OK;
	}
	start_off(p, partner->organisation);
	if (strcmp(partner->organisation, of->agreement->recipient) != 0)
		start_off(p, of->agreement->recipient);
	text_add(&p->effect, "; in force at once, off on both sides until each turns its own on");
	return S_OK;
}

static void register_effective(struct plan *p, size_t partner, const struct camera_register *cameras)
{
	struct change change CLEANUP(change_fini) = {0};
	change_of_register(p->g, partner, cameras, p->at, &change);
	p->partner = partner;
	p->cameras = register_hold(cameras);
	p->fences = partners_alive(&p->g->partners[partner], p->at) && change.difference.narrows;
	text_add(&p->effect, "; in force at once");
}

static struct status take_effect(struct plan *p, const struct proposal *of, struct error *e)
{
	p->completes = true;
	if (of->charter) {
		text_add(&p->effect, ": ");
		TRY(charter_check(p, of->charter, e));
		p->enacts = of->charter;
		text_add(&p->effect, "; in force at once");
		return S_OK;
	}
	if (of->agreement)
		return agreement_effective(p, of, e);
	register_effective(p, of->partner, of->cameras);
	return S_OK;
}

/* --- propose --- */

/* What demonstrably narrows the version in force needs nobody else. Where there is none, it begins to share.
 */
static struct status judge_agreement(struct plan *p, bool in_force, struct error *e)
{
	struct change change CLEANUP(change_fini) = {0};
	change_of(p->g, p->proposal, p->at, &change);
	plan_tell(p, &change);
	if (in_force && difference_only_narrows(&change.difference)) {
		p->narrows = true;
		text_add(&p->effect, "; this only narrows");
		return take_effect(p, p->proposal, e);
	}
	TRY(proposal_check_repeated(p, p->proposal, e));
	if (consents_complete(p, p->proposal))
		return take_effect(p, p->proposal, e);
	return S_OK;
}

static struct status propose_agreement(struct plan *p, struct span text, struct error *e)
{
	struct agreement *a = NULL;
	p->action = "propose_agreement";
	TRY(agreement_parse(text, p->command->propose->document->name, &a, e));
	struct status s = agreement_check(p->g, a, p->at, e);
	if (!ok(s)) {
		agreement_release(a);
		return s;
	}
	size_t partner = state_partner(p->g, a->partner);
	p->proposal = proposal_new(p, partner, about("agreement", a->id));
	p->proposal->agreement = a;
	plan_touch(p, partner);
	size_t current = partner_agreement(&p->g->partners[partner], a->id, p->at);
	if (current != NOWHERE && digest_equal(&p->g->partners[partner].agreements[current].agreement->sha256,
					  &p->proposal->sha256))
		return state_refuse(e, "this text of agreement %s is in force already", a->id);
	if (!consent_needed(p->g, p->proposal, p->at, p->command->organisation))
		return state_refuse(e, "%s is none of the bodies that consent to agreement %s",
			p->command->organisation, a->id);
	return judge_agreement(p, current != NOWHERE, e);
}

/* What only takes away needs nobody's consent; what else there is in a register waits, its taking away does
 * not. */
static struct status judge_register(struct plan *p, struct camera_register *new, struct error *e)
{
	const struct partner *partner = &p->g->partners[p->proposal->partner];
	struct change change CLEANUP(change_fini) = {0};
	change_of(p->g, p->proposal, p->at, &change);
	if (change.difference.n == 0)
		return state_refuse(e, "the register changes nothing");
	if (!consent_needed(p->g, p->proposal, p->at, p->command->organisation))
		return state_refuse(e, "%s is none of the bodies that consent to a register of %s",
			p->command->organisation, partner->id);
	plan_tell(p, &change);
	if (!change.difference.widens) {
		p->narrows = true;
		register_effective(p, p->proposal->partner, new);
		proposal_free(p->proposal);
		p->proposal = NULL;
		return S_OK;
	}
	TRY(proposal_check_repeated(p, p->proposal, e));
	if (consents_complete(p, p->proposal))
		return take_effect(p, p->proposal, e);
	if (change.difference.narrows) {
		struct camera_register *narrowed = register_narrowed(partner_register(partner), new);
		text_add(&p->effect, "; what is removed is");
		register_effective(p, p->proposal->partner, narrowed);
		register_release(narrowed);
	}
	return S_OK;
}

static struct status propose_register(struct plan *p, struct span text, struct error *e)
{
	struct camera_register *new = NULL;
	size_t partner = state_partner(p->g, p->command->propose->partner);
	p->action = "propose_register";
	if (partner == NOWHERE)
		return state_refuse(e, "%s is no partner of this gateway", p->command->propose->partner);
	TRY(register_parse(text, p->command->propose->document->name, &new, e));
	p->proposal = proposal_new(p, partner, about("register of", p->g->partners[partner].id));
	p->proposal->cameras = new;
	plan_touch(p, partner);
	return judge_register(p, new, e);
}

static struct status propose_text(
	struct plan *p, Anpr__V1__DocumentKind kind, struct span text, struct error *e)
{
	if (kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT)
		return propose_agreement(p, text, e);
	if (kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER)
		return propose_register(p, text, e);
	if (kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REVOCATION_LIST)
		return revoke_judge(p, text, e);
	return charter_judge(p, text, e);
}

/* What was counted has to be of the very text that is proposed. *trial: kept for people, it decides nothing.
 */
static struct status find_trial(struct plan *p, const Anpr__V1__Propose *ask, char **trial, struct error *e)
{
	struct span text;
	struct digest proposed;
	if (!ask->trial)
		return S_OK;
	TRY(find_text(p, ask->trial, &text, e));
	TRY(digest_from(span_binary(ask->document->sha256), &proposed));
	json_t *result = json_loadb((const char *)text.p, text.n, 0, NULL);
	const char *tried = json_string_value(json_object_get(result, "sha256"));
	if (tried && strcmp(tried, DIGEST_TEXT(&proposed)) == 0)
		*trial = json_dumps(result, JSON_COMPACT);
	json_decref(result);
	return *trial ? S_OK
		      : state_refuse(e, "%s is not what a trial of this text came to", ask->trial->name);
}

struct status propose_judge(struct plan *p, struct error *e)
{
	const Anpr__V1__Propose *ask = p->command->propose;
	char *trial = NULL;
	struct span text;
	p->touches = true;
	TRY(find_text(p, ask->document, &text, e));
	TRY(find_trial(p, ask, &trial, e));
	struct status s = propose_text(p, ask->document->kind, text, e);
	if (ok(s) && p->proposal) {
		p->proposal->effect = memory_text(buffer_text(&p->effect));
		p->proposal->trial = trial;
	} else {
		free(trial);
	}
	return s;
}

/* --- approve, refuse, withdraw --- */

static const char *const closed_words[] = {"", "has taken effect", "was refused", "has lapsed after 30 days",
	"was overtaken by a later decision"};

/* An open proposal that this body is asked about. NULL: refused, with why. */
static const struct proposal *open_proposal(struct plan *p, uint64_t number, struct error *e)
{
	const struct proposal *of = state_proposal(p->g, number);
	const char *why = NULL;
	p->touches = true;
	if (of && of->partner != NOWHERE)
		plan_touch(p, of->partner);
	if (of && of->charter)
		p->about = memory_text(of->about);
	if (!of)
		error_add(e, NULL, 0, 0, "there is no proposal %llu", (unsigned long long)number);
	else if (of->state != PROPOSAL_OPEN)
		why = closed_words[of->state];
	else if (p->at.v >= of->at.v + PROPOSAL_LIFE_MS)
		why = closed_words[PROPOSAL_LAPSED];
	else if (!consent_needed(p->g, of, p->at, p->command->organisation))
		why = "is for others: yours is none of the bodies that it asks";
	else
		return of;
	if (why)
		error_add(e, NULL, 0, 0, "proposal %llu %s", (unsigned long long)number, why);
	return NULL;
}

struct status approve_judge(struct plan *p, struct error *e)
{
	const struct proposal *of = open_proposal(p, p->command->approve->proposal, e);
	p->action = "approve";
	REQUIRE(of, S_REFUSED);
	if (consent_given(of, p->command->organisation))
		return state_refuse(e, "%s has consented to proposal %llu already", p->command->organisation,
			(unsigned long long)of->number);
	p->consents_to = of->number;
	text_add(&p->effect, "%s consents to proposal %llu", p->command->organisation,
		(unsigned long long)of->number);
	if (!of->charter) {
		struct change change CLEANUP(change_fini) = {0};
		change_of(p->g, of, p->at, &change);
		text_add(&p->effect, ": ");
		plan_tell(p, &change);
	}
	if (consents_complete(p, of))
		return take_effect(p, of, e);
	return S_OK;
}

struct status refuse_judge(struct plan *p, struct error *e)
{
	const struct proposal *of = open_proposal(p, p->command->refuse->proposal, e);
	p->action = "refuse";
	REQUIRE(of, S_REFUSED);
	p->closes = of->number;
	p->attestable = true;
	text_add(&p->effect, "%s refuses proposal %llu, which ends it", p->command->organisation,
		(unsigned long long)of->number);
	return S_OK;
}

struct status withdraw_judge(struct plan *p, struct error *e)
{
	const char *id = p->command->withdraw->agreement;
	p->action = "withdraw";
	p->touches = p->narrows = p->fences = true;
	for (size_t i = 0; i < p->g->n_partners; i++) {
		const struct partner *partner = &p->g->partners[i];
		size_t v = partner_agreement(partner, id, p->at);
		if (v == NOWHERE)
			continue;
		const struct agreement *a = partner->agreements[v].agreement;
		bool consents = false;
		for (size_t k = 0; k < a->n_consents; k++)
			consents |= strcmp(a->consents[k], p->command->organisation) == 0;
		if (!consents)
			return state_refuse(e, "%s is none of the bodies that consented to agreement %s",
				p->command->organisation, id);
		p->partner = i;
		p->withdraws = v;
		plan_touch(p, i);
		text_add(&p->effect, "ends agreement %s: %s no longer shares %zu cameras with %s", id,
			a->partner, schedule_cameras(partner->agreements[v].schedule), a->recipient);
		return S_OK;
	}
	return state_refuse(e, "no agreement %s is in force or to come", id);
}

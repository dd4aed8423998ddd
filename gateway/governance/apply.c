/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking the next journal entry in: its place in the chain, its node, then what it is about. Nothing is
 * changed until all of it was judged.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"
#include "gateway/record/form.h"

#include <stdlib.h>

static bool signed_by(const struct journal_entry *entry, const uint8_t *key)
{
	return ok(node_verify(key, DOMAIN_JOURNAL, span_binary(entry->stored->entry),
		span_binary(entry->stored->signature)));
}

/* The key of its node that signed it, and is not retired; NOWHERE = none. */
static size_t signing_key(const struct governance *g, const struct journal_entry *entry)
{
	for (size_t i = 0; i < g->n_keys; i++)
		if (!g->key_facts[i].retired && strcmp(g->key_facts[i].node, entry->body->node) == 0 &&
			signed_by(entry, g->keys[i]))
			return i;
	return NOWHERE;
}

/* The first entry brings its keys with it. */
static bool genesis_node_known(const struct journal_entry *entry)
{
	const Anpr__V1__Genesis *s = entry->body->genesis;
	for (size_t i = 0; i < s->n_node_keys; i++)
		if (strcmp(s->node_keys[i]->node, entry->body->node) == 0 &&
			signed_by(entry, s->node_keys[i]->public_key.data))
			return true;
	return false;
}

static struct status place_judge(
	const struct governance *g, const struct journal_entry *entry, struct error *e)
{
	bool genesis = entry->body->body_case == ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS;
	unsigned long long number = entry->body->sequence;
	TRY(journal_entry_follows(entry, g->sequence, &g->head, e));
	if (entry->body->time_ms < g->time.v)
		return state_refuse(e, "journal entry %llu is older than the one before it", number);
	if (genesis != (g->sequence == 0))
		return state_refuse(e,
			genesis ? "journal entry %llu begins the journal a second time"
				: "journal entry %llu: the journal does not begin with who there is",
			number);
	if (genesis ? !genesis_node_known(entry) : signing_key(g, entry) == NOWHERE)
		return state_refuse(
			e, "journal entry %llu is not signed by a key of node %s", number, entry->body->node);
	return S_OK;
}

static bool same_document(const Anpr__V1__DocumentRef *a, const Anpr__V1__DocumentRef *b)
{
	return a->kind == b->kind && a->size == b->size && strcmp(a->name, b->name) == 0 &&
	       span_equal(span_binary(a->sha256), span_binary(b->sha256));
}

static struct status documents_judge(const Anpr__V1__Decree *d, const Anpr__V1__Command *c, struct error *e)
{
	bool proposes = c->ask_case == ANPR__V1__COMMAND__ASK_PROPOSE, tried = proposes && c->propose->trial;
	if (d->n_documents != (size_t)proposes + tried ||
		(proposes && !same_document(d->documents[0], c->propose->document)) ||
		(tried && !same_document(d->documents[1], c->propose->trial)))
		return state_refuse(e, "a decree lists other documents than its command");
	return S_OK;
}

static void history_of(const struct plan *p, struct history *h)
{
	h->action = p->action;
	h->organisation = memory_text(p->command->organisation);
	h->subject = memory_text(p->subject);
	h->reason = memory_text(p->command->reason);
	h->about = memory_text(p->about);
	struct buffer effect = p->effect;
	h->effect = memory_text(buffer_text(&effect));
	h->accepted = p->accepted;
	h->attested = !p->by_cms;
	h->seen = p->seen;
	h->touches = p->touches;
	h->fences = p->fences;
	for (size_t i = 0; i < p->g->n_partners; i++) {
		if (!p->touched[i])
			continue;
		GROW(h->partners, h->n_partners);
		h->partners[h->n_partners++] = i;
	}
}

static void seen_add(struct governance *g, const struct digest *id, uint64_t number)
{
	struct seen *s = memory_new(1, sizeof *s);
	s->id = *id;
	s->entry = number;
	HASH_ADD(hh, g->seen, id, sizeof s->id, s);
}

static struct status command_apply(struct governance *g, const Anpr__V1__JournalEntry *entry,
	const Anpr__V1__Command *command, const struct digest *id, struct history *h, struct error *e)
{
	const Anpr__V1__Decree *d = entry->decree;
	struct seen *seen;
	HASH_FIND(hh, g->seen, id, sizeof *id, seen);
	if (seen)
		return state_refuse(e, "the command is in the journal already, as entry %llu",
			(unsigned long long)seen->entry);
	TRY(documents_judge(d, command, e));
	struct plan p CLEANUP(plan_fini);
	plan_init(&p, g);
	p.signed_command = d->signed_;
	p.command = command;
	p.at = (struct utc_ms){entry->time_ms};
	p.accepted = (struct utc_ms){d->accepted_at_ms < entry->time_ms ? d->accepted_at_ms : entry->time_ms};
	TRY(plan_judge(&p, e));
	history_of(&p, h);
	seen_add(g, id, entry->sequence);
	plan_execute(g, &p, entry->sequence);
	return S_OK;
}

static struct status decree_apply(
	struct governance *g, const Anpr__V1__JournalEntry *entry, struct history *h, struct error *e)
{
	Anpr__V1__Command *command = NULL;
	struct digest id;
	TRY(command_decode(span_binary(entry->decree->signed_->command), &command, &id, e));
	struct status s = command_apply(g, entry, command, &id, h, e);
	anpr__v1__command__free_unpacked(command, NULL);
	return s;
}

static struct status body_apply(
	struct governance *g, const Anpr__V1__JournalEntry *b, struct history *h, struct error *e)
{
	const struct utc_ms at = {b->time_ms};
	switch (b->body_case) {
	case ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS:
		TRY(genesis_judge(b->genesis, e));
		genesis_execute(g, b->genesis);
		h->action = "genesis";
		return S_OK;
	case ANPR__V1__JOURNAL_ENTRY__BODY_DECREE:
		return decree_apply(g, b, h, e);
	case ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE:
		TRY(lapse_judge(g, b->lapse, b->node, at, e));
		lapse_execute(g, b->lapse, b->node, at, b->sequence, h);
		return S_OK;
	case ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED:
		TRY(enforced_judge(g, b->enforced, e));
		enforced_execute(g, b->enforced, b->sequence, h);
		return S_OK;
	case ANPR__V1__JOURNAL_ENTRY__BODY__NOT_SET:
	case _ANPR__V1__JOURNAL_ENTRY__BODY__CASE_IS_INT_SIZE:
		break;
	}
	return state_refuse(e, "a journal entry about nothing");
}

struct status governance_apply(struct governance *g, const struct journal_entry *entry, struct error *e)
{
	struct history h = {
		.time = {entry->body->time_ms}, .accepted = {entry->body->time_ms}, .hash = entry->hash};
	TRY(place_judge(g, entry, e));
	size_t key = signing_key(g, entry); /* before the entry itself retires it */
	struct status s = body_apply(g, entry->body, &h, e);
	if (s.kind == STATUS_BAD_INPUT)
		return S_REFUSED;
	TRY(s);
	if (key != NOWHERE)
		node_key_used(g, key, entry->body->sequence);
	h.node = memory_text(entry->body->node);
	GROW(g->history, g->sequence);
	g->history[g->sequence++] = h;
	g->head = entry->hash;
	g->time = h.time;
	if (h.fences)
		pending_add(g, g->sequence);
	return S_OK;
}

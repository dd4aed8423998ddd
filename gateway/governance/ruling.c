/* SPDX-License-Identifier: Apache-2.0
 *
 * A judgement as the core asks for it, before the command is appended; and the decree made of it.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"
#include "gateway/record/form.h"

#include <stdlib.h>

static uint64_t seen_entry(const struct governance *g, const struct digest *id)
{
	struct seen *s;
	HASH_FIND(hh, g->seen, id, sizeof *id, s);
	return s ? s->entry : 0;
}

static void documents_list(struct ruling *out)
{
	if (out->command->ask_case != ANPR__V1__COMMAND__ASK_PROPOSE)
		return;
	out->documents = memory_new(2, sizeof(Anpr__V1__DocumentRef *));
	out->documents[out->n_documents++] = out->command->propose->document;
	if (out->command->propose->trial)
		out->documents[out->n_documents++] = out->command->propose->trial;
}

static void ruling_of(const struct plan *p, struct ruling *out)
{
	out->narrows = p->narrows;
	out->fences = p->fences;
	memcpy(out->subject, p->subject, sizeof out->subject);
	struct buffer effect = p->effect;
	out->effect = memory_text(buffer_text(&effect));
	out->change = memory_text(p->change);
	out->partners = memory_new(p->g->n_partners, sizeof *out->partners);
	for (size_t i = 0; i < p->g->n_partners; i++)
		if (p->touched[i])
			out->partners[out->n_partners++] = memory_text(p->g->partners[i].id);
	documents_list(out);
}

static struct status judge(const struct governance *g, const Anpr__V1__SignedCommand *signed_command,
	struct utc_ms now, struct ruling *out, struct error *e)
{
	TRY(command_decode(span_binary(signed_command->command), &out->command, &out->id, e));
	out->already = seen_entry(g, &out->id);
	if (out->already) {
		const struct history *h = &g->history[out->already - 1];
		out->fences = h->fences;
		out->effect = memory_text(h->effect);
		return S_OK;
	}
	struct plan p CLEANUP(plan_fini);
	plan_init(&p, g);
	p.signed_command = signed_command;
	p.command = out->command;
	p.at = p.accepted = now.v > g->time.v ? now : g->time;
	struct status s = plan_judge(&p, e);
	if (ok(s))
		ruling_of(&p, out);
	return s.kind == STATUS_WAIT ? S_REFUSED : s; /* nobody will bring the text later */
}

struct status governance_judge(const struct governance *g, struct span signed_command, struct utc_ms now,
	struct ruling *out, struct error *e)
{
	Anpr__V1__SignedCommand *decoded = NULL;
	*out = (struct ruling){0};
	TRY(signed_command_decode(signed_command, &decoded, e));
	struct status s = judge(g, decoded, now, out, e);
	anpr__v1__signed_command__free_unpacked(decoded, NULL);
	if (!ok(s))
		ruling_free(out);
	return s;
}

void ruling_free(struct ruling *r)
{
	if (r->command)
		anpr__v1__command__free_unpacked(r->command, NULL);
	free(r->documents);
	memory_free_texts(r->partners, r->n_partners);
	free(r->effect);
	free(r->change);
	*r = (struct ruling){0};
}

static ProtobufCBinaryData binary_copy(struct span bytes)
{
	ProtobufCBinaryData copy = {bytes.n, memory_new(bytes.n, 1)};
	memcpy(copy.data, bytes.p, bytes.n);
	return copy;
}

static Anpr__V1__DocumentRef *document_copy(const Anpr__V1__DocumentRef *from)
{
	Anpr__V1__DocumentRef *to = memory_new(1, sizeof *to);
	anpr__v1__document_ref__init(to);
	to->kind = from->kind;
	to->sha256 = binary_copy(span_binary(from->sha256));
	to->size = from->size;
	to->name = memory_text(from->name);
	return to;
}

Anpr__V1__Decree *ruling_decree(const struct ruling *r, struct span signed_command, struct utc_ms accepted)
{
	Anpr__V1__SignedCommand *decoded = NULL;
	if (!ok(signed_command_decode(signed_command, &decoded, NULL)))
		return NULL;
	struct digest id = digest_of(span_binary(decoded->command));
	if (!digest_equal(&id, &r->id)) {
		anpr__v1__signed_command__free_unpacked(decoded, NULL);
		return NULL;
	}
	for (size_t i = 0; i < decoded->n_documents; i++)
		free(decoded->documents[i].data);
	decoded->n_documents = 0;
	Anpr__V1__Decree *d = memory_new(1, sizeof *d);
	anpr__v1__decree__init(d);
	d->signed_ = decoded;
	d->command_id = binary_copy(span_of(id.v, sizeof id.v));
	d->accepted_at_ms = accepted.v;
	d->documents = memory_new(r->n_documents, sizeof(Anpr__V1__DocumentRef *));
	for (size_t i = 0; i < r->n_documents; i++)
		d->documents[d->n_documents++] = document_copy(r->documents[i]);
	return d;
}

void decree_free(Anpr__V1__Decree *d)
{
	if (d)
		anpr__v1__decree__free_unpacked(d, NULL);
}

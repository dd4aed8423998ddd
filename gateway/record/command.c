/* SPDX-License-Identifier: Apache-2.0
 *
 * A person's command taken apart, and its form. Whether it may be done is governance's to judge.
 */
#include "gateway/record/decode.h"
#include "gateway/record/form.h"
#include "gateway/record/record.h"

#define COMMAND_MAX   (512u << 10) /* with its signature it has to fit a Kafka message of 1 MiB */
#define PATTERNS_MAX  20000
#define GLOBS_MAX     100 /* patterns with * or ?: each is tried on every camera */
#define AREA_MAX      128
#define FOR_MAX_MS    (int64_t)(366LL * 86400 * 1000)
#define FILE_NAME_MAX 255

static struct status check_selector(const Anpr__V1__CameraSelector *s, struct error *e)
{
	size_t globs = 0;
	if (s->n_patterns > PATTERNS_MAX)
		return error_set(e, "more than %d camera patterns", PATTERNS_MAX);
	for (size_t i = 0; i < s->n_patterns; i++) {
		if (!form_pattern(s->patterns[i]))
			return error_set(e, "camera pattern %zu is not 1-64 of A-Z a-z 0-9 . _ - * ?", i + 1);
		globs += form_is_glob(s->patterns[i]);
	}
	if (globs > GLOBS_MAX)
		return error_set(e, "more than %d camera patterns with * or ?", GLOBS_MAX);
	if (!form_text(s->area, 0, AREA_MAX))
		return error_set(e, "area label is not UTF-8 of at most %d bytes", AREA_MAX);
	if (s->n_patterns == 0 && !*s->area)
		return error_set(e, "cameras are selected by nothing: leave the selection out to mean all");
	return S_OK;
}

static struct status check_switch(const Anpr__V1__SetSwitch *s, struct error *e)
{
	if (s->position != ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF &&
		s->position != ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON)
		return error_set(e, "switch position is neither off nor on");
	if (!form_id_or_none(s->partner) || !form_id_or_none(s->agreement) || !form_id_or_none(s->rule))
		return error_set(e, "partner, agreement or rule is not 1-64 of A-Z a-z 0-9 . _ -");
	if (*s->agreement && !*s->partner)
		return error_set(e, "an agreement is named without its partner");
	if (*s->rule && !*s->agreement)
		return error_set(e, "a rule is named without its agreement");
	if ((unsigned)s->data_class > ANPR__V1__DATA_CLASS__DATA_CLASS_OVERVIEW)
		return error_set(e, "unknown class of data");
	if (s->for_ms > (uint64_t)FOR_MAX_MS)
		return error_set(e, "a period of more than 366 days");
	return s->cameras ? check_selector(s->cameras, e) : S_OK;
}

struct status document_ref_check(const Anpr__V1__DocumentRef *d, struct error *e)
{
	if ((unsigned)d->kind < ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT ||
		(unsigned)d->kind > ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_TRIAL)
		return error_set(e, "unknown kind of document");
	if (!form_bytes(d->sha256, DIGEST_BYTES))
		return error_set(e, "a document's hash is not 32 bytes");
	if (d->size < 1 || d->size > DOCUMENT_MAX)
		return error_set(e, "a document of no bytes, or of more than 20 MiB");
	if (!form_text(d->name, 0, FILE_NAME_MAX))
		return error_set(e, "a document's name is not UTF-8 of at most %d bytes", FILE_NAME_MAX);
	return S_OK;
}

#define TRIAL_MAX (1u << 20)

static struct status check_propose(const Anpr__V1__Propose *p, struct error *e)
{
	if (!p->document)
		return error_set(e, "a proposal without its document");
	TRY(document_ref_check(p->document, e));
	if (p->document->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_TRIAL)
		return error_set(e, "a trial is nothing to propose; it goes beside what was tried");
	if (p->trial)
		TRY(document_ref_check(p->trial, e));
	if (p->trial && (p->trial->kind != ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_TRIAL ||
				p->trial->size > TRIAL_MAX))
		return error_set(e, "a trial that is none, or of more than 1 MiB");
	if (!form_id_or_none(p->partner))
		return error_set(e, "partner is not 1-64 of A-Z a-z 0-9 . _ -");
	bool is_register = p->document->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER;
	if (is_register != (*p->partner != 0))
		return error_set(e, is_register ? "a register is proposed without its partner"
						: "a partner is named beside a document that is no register");
	return S_OK;
}

static struct status check_proposal_number(uint64_t proposal, struct error *e)
{
	return proposal ? S_OK : error_set(e, "no proposal is named");
}

static struct status check_name(const char *id, const char *what, struct error *e)
{
	return form_id(id) ? S_OK : error_set(e, "%s is not 1-64 of A-Z a-z 0-9 . _ -", what);
}

static struct status check_ask(const Anpr__V1__Command *c, bool *needs_reason, struct error *e)
{
	*needs_reason = true;
	switch (c->ask_case) {
	case ANPR__V1__COMMAND__ASK_SET_SWITCH:
		return check_switch(c->set_switch, e);
	case ANPR__V1__COMMAND__ASK_PROPOSE:
		*needs_reason = false;
		return check_propose(c->propose, e);
	case ANPR__V1__COMMAND__ASK_APPROVE:
		return check_proposal_number(c->approve->proposal, e);
	case ANPR__V1__COMMAND__ASK_REFUSE:
		return check_proposal_number(c->refuse->proposal, e);
	case ANPR__V1__COMMAND__ASK_WITHDRAW:
		return check_name(c->withdraw->agreement, "agreement", e);
	case ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP:
		return check_name(c->acknowledge_gap->partner, "partner", e);
	case ANPR__V1__COMMAND__ASK__NOT_SET:
	case _ANPR__V1__COMMAND__ASK__CASE_IS_INT_SIZE:
		break;
	}
	return error_set(e, "a command that asks for nothing");
}

static struct status check_command(const Anpr__V1__Command *c, struct error *e)
{
	bool needs_reason;
	if (!form_bytes(c->nonce, 16))
		return error_set(e, "nonce is not 16 bytes");
	if (!form_id(c->organisation))
		return error_set(e, "organisation is not 1-64 of A-Z a-z 0-9 . _ -");
	if (c->head_sequence ? !form_bytes(c->head_hash, DIGEST_BYTES) : c->head_hash.len != 0)
		return error_set(e, "the journal's head is named without its number or its hash of 32 bytes");
	TRY(check_ask(c, &needs_reason, e));
	if (!form_prose(c->reason, needs_reason ? 1 : 0, FORM_TEXT_MAX))
		return error_set(e, "the reason is not 1-%d bytes of UTF-8", FORM_TEXT_MAX);
	return S_OK;
}

struct status command_decode(struct span bytes, Anpr__V1__Command **out, struct digest *id, struct error *e)
{
	ProtobufCMessage *message = NULL;
	TRY(message_decode(&anpr__v1__command__descriptor, bytes, COMMAND_MAX, DECODE_STRICT, &message, e));
	Anpr__V1__Command *command = (Anpr__V1__Command *)message;
	struct status s = check_command(command, e);
	if (!ok(s)) {
		anpr__v1__command__free_unpacked(command, NULL);
		return s;
	}
	*id = digest_of(bytes);
	*out = command;
	return S_OK;
}

#define SIGNATURES_MAX 4
#define DOCUMENTS_MAX  4

struct status signed_command_check(const Anpr__V1__SignedCommand *c, struct error *e)
{
	if (c->n_signatures < 1 || c->n_signatures > SIGNATURES_MAX)
		return error_set(e, "a command with no signature, or more than %d", SIGNATURES_MAX);
	for (size_t i = 0; i < c->n_signatures; i++) {
		if (c->signatures[i]->kind != ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_CMS &&
			c->signatures[i]->kind != ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED)
			return error_set(e, "unknown kind of signature");
		if (c->signatures[i]->value.len == 0)
			return error_set(e, "an empty signature");
	}
	if (c->n_documents > DOCUMENTS_MAX)
		return error_set(e, "more than %d documents", DOCUMENTS_MAX);
	return S_OK;
}

struct status signed_command_decode(struct span bytes, Anpr__V1__SignedCommand **out, struct error *e)
{
	ProtobufCMessage *message = NULL;
	TRY(message_decode(&anpr__v1__signed_command__descriptor, bytes, SIGNED_COMMAND_MAX, DECODE_STRICT,
		&message, e));
	Anpr__V1__SignedCommand *command = (Anpr__V1__SignedCommand *)message;
	struct status s = signed_command_check(command, e);
	if (!ok(s)) {
		anpr__v1__signed_command__free_unpacked(command, NULL);
		return s;
	}
	*out = command;
	return S_OK;
}

struct status draft_decode(
	struct span bytes, Anpr__V1__SignedCommand **envelope, Anpr__V1__Command **command, struct error *e)
{
	ProtobufCMessage *outer = NULL, *inner = NULL;
	TRY(message_decode(
		&anpr__v1__signed_command__descriptor, bytes, SIGNED_COMMAND_MAX, DECODE_STRICT, &outer, e));
	Anpr__V1__SignedCommand *draft = (Anpr__V1__SignedCommand *)outer;
	struct status s = draft->n_signatures == 0 ? S_OK : error_set(e, "a draft that is signed already");
	if (ok(s) && draft->n_documents > DOCUMENTS_MAX)
		s = error_set(e, "more than %d documents", DOCUMENTS_MAX);
	if (ok(s))
		s = message_decode(&anpr__v1__command__descriptor, span_binary(draft->command), COMMAND_MAX,
			DECODE_STRICT, &inner, e);
	if (!ok(s)) {
		anpr__v1__signed_command__free_unpacked(draft, NULL);
		return s;
	}
	*envelope = draft;
	*command = (Anpr__V1__Command *)inner;
	return S_OK;
}

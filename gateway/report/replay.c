/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal from its first entry on, checked as the gateway itself checks it. Governance keeps what the
 * entries add up to; noted beside it is what a report tells of single ones: who consented by which entry,
 * when fences returned, what a switch was turned over. After each entry of the period the cameras are looked
 * at.
 */
#include "gateway/report/internal.h"

#include <stdlib.h>

/* --- notes --- */

static json_t *covers_of(const Anpr__V1__SetSwitch *s)
{
	static const char *const classes[] = {NULL, "read", "plate_patch", "overview"};
	const Anpr__V1__CameraSelector *cameras = s->cameras;
	json_t *patterns = json_array();

	for (size_t i = 0; cameras && i < cameras->n_patterns; i++)
		json_array_append_new(patterns, model_text(cameras->patterns[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "partner", model_text(s->partner),
		"agreement", model_text(s->agreement), "rule", model_text(s->rule), "class",
		model_text((unsigned)s->data_class < 4 ? classes[s->data_class] : NULL), "area",
		model_text(cameras ? cameras->area : NULL), "cameras", patterns, "for_ms",
		s->for_ms ? json_integer((json_int_t)s->for_ms) : json_null());
}

static void command_note(struct notes *n, const Anpr__V1__Command *command, uint64_t entry)
{
	if (command->ask_case == ANPR__V1__COMMAND__ASK_APPROVE) {
		GROW(n->consents, n->n_consents);
		n->consents[n->n_consents++] = (struct consent_note){command->approve->proposal, entry};
	} else if (command->ask_case == ANPR__V1__COMMAND__ASK_SET_SWITCH) {
		GROW(n->switches, n->n_switches);
		n->switches[n->n_switches++] = (struct switch_note){entry, covers_of(command->set_switch)};
	}
}

static void decree_note(struct notes *n, const Anpr__V1__Decree *decree, uint64_t entry)
{
	const ProtobufCBinaryData *bytes = &decree->signed_->command;
	Anpr__V1__Command *command = NULL;
	struct digest id;

	if (!ok(command_decode(span_of(bytes->data, bytes->len), &command, &id, NULL)))
		return; /* governance has just decoded it */
	command_note(n, command, entry);
	anpr__v1__command__free_unpacked(command, NULL);
}

static void enforced_note(struct notes *n, const Anpr__V1__Enforced *from, uint64_t by)
{
	int64_t fenced_at = 0;

	for (size_t i = 0; i < from->n_publishers; i++)
		if (from->publishers[i]->fenced_at_ms > fenced_at)
			fenced_at = from->publishers[i]->fenced_at_ms;
	for (size_t i = 0; i < from->n_entries; i++) {
		GROW(n->enforced, n->n_enforced);
		n->enforced[n->n_enforced++] =
			(struct enforced_note){from->entries[i], by, fenced_at, from->took_ms};
	}
}

static void entry_note(struct notes *n, const Anpr__V1__JournalEntry *entry)
{
	if (entry->body_case == ANPR__V1__JOURNAL_ENTRY__BODY_DECREE)
		decree_note(n, entry->decree, entry->sequence);
	else if (entry->body_case == ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED)
		enforced_note(n, entry->enforced, entry->sequence);
}

void notes_free(struct notes *n)
{
	for (size_t i = 0; i < n->n_switches; i++)
		json_decref(n->switches[i].covers);
	free(n->switches);
	free(n->consents);
	free(n->enforced);
}

/* --- reading --- */

static void document_did(void *report)
{
	report_did(report);
}

/* Nothing is told of a journal that is not whole: what is missing may have changed everything after it. */
static struct status journal_refuse(struct report *r, struct error *why, struct error *e)
{
	(void)error_set(e,
		"%s is not whole: entry %llu: %s. No report can be made of it; 'anprctl verify' says more",
		r->topics->journal, (unsigned long long)governance_sequence(r->governance) + 1,
		error_text(why));
	return S_REFUSED;
}

static struct status entry_take(struct report *r, const struct journal_entry *entry, struct error *why)
{
	int64_t at = entry->body->time_ms;

	if (at >= r->period.from)
		sharing_advance(r, at);
	TRY(governance_apply(r->governance, entry, why));
	entry_note(&r->notes, entry->body);
	if (entry->body->body_case != ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED)
		sharing_look(r, at);
	return S_OK;
}

static struct status record_take(struct report *r, const struct verify_record *record, struct error *e)
{
	struct journal_entry entry = {0};
	struct error why = {0};
	struct status status = journal_entry_decode(record->value, &entry, &why);

	if (ok(status))
		status = entry_take(r, &entry, &why);
	if (!ok(status))
		status = journal_refuse(r, &why, e);
	error_free(&why);
	journal_entry_free(&entry);
	return status;
}

struct status replay(struct report *r, int64_t journal_end, struct error *e)
{
	const struct verify_source *s = r->source;
	struct verify_record record;
	struct status status;

	/* No entry below the end names a text that was written later. */
	TRY(verify_documents(r->source, r->topics->documents, r->documents, document_did, r, e));
	while (ok(status = s->next(s->context, r->topics->journal, 0, journal_end, &record, e))) {
		report_did(r);
		TRY(record_take(r, &record, e));
	}
	REQUIRE(status.kind == STATUS_WAIT, status);
	if (governance_sequence(r->governance) == 0) {
		(void)error_set(e, "%s is empty: no report can be made of it", r->topics->journal);
		return S_REFUSED;
	}
	sharing_advance(r, r->q.now.v);
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal and the texts it names: every entry's chain, signatures and authority, as the gateway itself
 * checks them; kept as stored, so that the policy of any version can be made again.
 */
#include "gateway/verify/internal.h"

#include <stdio.h>
#include <stdlib.h>

struct status verify_documents(const struct verify_source *s, const char *topic, struct document_store *to,
	void (*did)(void *context), void *context, struct error *e)
{
	int64_t newest[VERIFY_PARTITIONS_MAX];
	int32_t n = 0;

	TRY(s->partitions(s->context, topic, &n, e));
	REQUIRE(n <= VERIFY_PARTITIONS_MAX, S_REFUSED);
	TRY(s->newest(s->context, topic, n, newest, e));
	for (int32_t i = 0; i < n; i++) {
		struct verify_record record;
		struct status status;

		/* A chunk that does not fit its hash is missed where it is named. */
		while (ok(status = s->next(s->context, topic, i, newest[i], &record, e))) {
			if (did)
				did(context);
			(void)ok(document_store_add(to, record.key, record.value));
		}
		REQUIRE(status.kind == STATUS_WAIT, status);
	}
	return S_OK;
}

static void entry_keep(struct verification *v, struct span value, const struct digest *hash)
{
	struct kept_entry *kept;

	GROW(v->entries, v->n_entries);
	kept = &v->entries[v->n_entries++];
	*kept = (struct kept_entry){.hash = *hash};
	text_add_bytes(&kept->value, value);
	v->figures.entries++;
}

static void ends_take(
	struct verification *v, const Anpr__V1__FencedPublisher *p, uint64_t version, uint64_t entry)
{
	for (size_t i = 0; i < p->n_ends; i++) {
		const Anpr__V1__PartitionEnd *end = p->ends[i];
		struct stream *s = stream_find(v, end->topic, (int32_t)end->partition);

		if (s)
			bounds_limit(v, &s->bounds,
				&(struct limit){end->high_watermark, p->publisher, version}, entry);
	}
}

static void limits_take(struct verification *v, const Anpr__V1__JournalEntry *entry)
{
	const Anpr__V1__Enforced *enforced = entry->enforced;
	uint64_t version = 0;

	for (size_t i = 0; i < enforced->n_entries; i++)
		version = enforced->entries[i] > version ? enforced->entries[i] : version;
	for (size_t i = 0; i < enforced->n_publishers; i++) {
		ends_take(v, enforced->publishers[i], version, entry->sequence);
		trails_limit(v, enforced->publishers[i], version, entry->sequence);
	}
}

static struct status entry_effects(
	struct verification *v, const Anpr__V1__JournalEntry *entry, struct error *e)
{
	if (entry->sequence == 1)
		ledger_open(v);
	if (entry->body_case == ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED)
		limits_take(v, entry);
	/* Consents, and with them topics, come by decree. */
	return entry->body_case == ANPR__V1__JOURNAL_ENTRY__BODY_DECREE ? streams_open(v, e) : S_OK;
}

static struct status entry_take(struct verification *v, const struct verify_record *record, struct error *e)
{
	struct journal_entry entry = {0};
	struct error why = {0};
	struct status status = journal_entry_decode(record->value, &entry, &why);
	const char *where = PLACE(v->topics->journal, 0, record->offset);

	if (ok(status))
		status = governance_apply(v->whole, &entry, &why);
	if (ok(status)) {
		entry_keep(v, record->value, &entry.hash);
		status = entry_effects(v, entry.body, e);
	} else {
		v->broken = true;
		offence_add(v, status.kind == STATUS_WAIT ? OFFENCE_DOCUMENT : OFFENCE_JOURNAL, where,
			"entry %llu: %s", (unsigned long long)governance_sequence(v->whole) + 1,
			error_text(&why));
		status = S_OK;
	}
	error_free(&why);
	journal_entry_free(&entry);
	return status;
}

static void head_check(struct verification *v)
{
	const struct kept_entry *kept;
	char where[PLACE_BYTES];

	if (v->head_sequence == 0)
		return;
	snprintf(where, sizeof where, "%s entry %llu", v->topics->journal,
		(unsigned long long)v->head_sequence);
	kept = v->head_sequence <= v->n_entries ? &v->entries[v->head_sequence - 1] : NULL;
	if (!kept)
		offence_add(v, OFFENCE_HEAD, where, "it was seen before; the journal now ends with entry %zu",
			v->n_entries);
	else if (!digest_equal(&kept->hash, &v->head_hash))
		offence_add(v, OFFENCE_HEAD, where, "its hash was seen as %.16s..., and now is %.16s...",
			DIGEST_TEXT(&v->head_hash), DIGEST_TEXT(&kept->hash));
	v->head_sequence = 0;
}

static void roots_check(struct verification *v)
{
	const struct governance_organisation *organisations;
	size_t n = governance_organisations(v->whole, &organisations);

	for (size_t i = 0; i < v->n_roots; i++) {
		struct remembered_root *root = &v->roots[i];
		const struct governance_organisation *found = NULL;

		for (size_t k = 0; k < n; k++)
			if (strcmp(organisations[k].id, root->organisation) == 0)
				found = &organisations[k];
		if (root->told || (found && span_equal(found->ca_pem, buffer_span(&root->pem))))
			continue;
		root->told = true;
		offence_add(v, OFFENCE_TRUST_ROOT, v->topics->journal, "organisation %s: %s",
			root->organisation,
			found ? "its certificate authority is another one" : "the journal does not know it");
	}
}

struct status journal_round(struct verification *v, struct error *e)
{
	const struct verify_source *s = v->source;
	struct verify_record record;
	int64_t newest;
	struct status status;

	TRY(streams_open(v, e)); /* those that could not be opened when their entry was met */
	/* Texts are written before the entry that names them. */
	TRY(s->newest(s->context, v->topics->journal, 1, &newest, e));
	TRY(verify_documents(v->source, v->topics->documents, v->documents, NULL, NULL, e));
	while (ok(status = s->next(s->context, v->topics->journal, 0, newest, &record, e)))
		if (!v->broken)
			TRY(entry_take(v, &record, e));
	REQUIRE(status.kind == STATUS_WAIT, status);
	if (v->n_entries == 0 && !v->broken)
		offence_add(v, OFFENCE_JOURNAL, v->topics->journal, "the journal is empty");
	head_check(v);
	roots_check(v);
	v->figures.not_enforced = governance_pending(v->whole, &(const struct pending *){NULL});
	return S_OK;
}

void journal_free(struct verification *v)
{
	for (size_t i = 0; i < v->n_entries; i++)
		buffer_free(&v->entries[i].value);
	for (size_t i = 0; i < v->n_roots; i++) {
		free(v->roots[i].organisation);
		buffer_free(&v->roots[i].pem);
	}
	free(v->roots);
	free(v->entries);
	governance_free(v->whole);
	document_store_free(v->documents);
}

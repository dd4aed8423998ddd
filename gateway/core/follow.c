/* SPDX-License-Identifier: Apache-2.0
 *
 * Following the journal: every entry is checked before it is believed, and policy is compiled when no more
 * entries are waiting. All of this runs on the journal's thread.
 */
#include "gateway/core/journal_internal.h"

#include "gateway/base/file.h"
#include "gateway/base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define APPEND_MOST_MS 5000 /* between making an entry and its being appended, with a slow broker */
#define LOOK_EVERY_MS  10000
#define LOOK_MS        1000

static char *seen_path(const struct journal *j)
{
	char *path = NULL;

	return asprintf(&path, "%s/journal-seen", j->options.state_dir) < 0 ? NULL : path;
}

/* "<number> <hash>": the newest entry this node ever saw, so that a journal put back or replaced is noticed.
 */
void follow_load_seen(struct journal *j)
{
	char *path = seen_path(j), *hash = NULL;
	struct buffer text = {0};
	uint64_t sequence = 0;

	if (path && ok(file_read(path, 256, &text, NULL)))
		sequence = strtoull(buffer_text(&text), &hash, 10);
	if (hash && *hash == ' ' &&
		ok(hex_parse(
			span_of(hash + 1, strcspn(hash + 1, "\n")), j->seen_hash.v, sizeof j->seen_hash.v)))
		j->seen_sequence = sequence;
	buffer_free(&text);
	free(path);
}

static void save_seen(struct journal *j)
{
	char *path = seen_path(j), line[128];
	struct error e = {0};
	int n;

	j->seen_sequence = governance_sequence(j->governance);
	j->seen_hash = *governance_head(j->governance);
	n = snprintf(line, sizeof line, "%llu %s\n", (unsigned long long)j->seen_sequence,
		DIGEST_TEXT(&j->seen_hash));
	if (path && !ok(file_write(path, 0600, span_of(line, (size_t)n), &e)))
		log_warn("journal position not saved", "detail=%s", LOG_QUOTE(error_text(&e)));
	error_free(&e);
	free(path);
}

static struct status add_document(void *context, const struct kafka_record *record)
{
	struct journal *j = context;

	/* A chunk nobody names is never looked at, so a bad one is passed over here and missed where it is
	 * named. */
	if (!ok(document_store_add(j->documents, record->key, record->value)))
		log_warn("document chunk passed over", "offset=%lld", (long long)record->offset);
	return S_OK;
}

/* Texts are committed with the entries that name them, so that they are there once the entry is. */
static struct status read_documents(struct journal *j, int timeout_ms, struct error *e)
{
	struct reading rest = {j->options.documents_topic, 0, j->documents_next, add_document, j};

	return watermarks_read(j->ends, &rest, NULL, timeout_ms, &j->documents_next, e);
}

/* Nothing may be published, and this is why. */
static void drop_policy(struct journal *j, const char *why)
{
	pthread_mutex_lock(&j->lock);
	snapshot_release(j->snapshot);
	j->snapshot = NULL;
	atomic_store(&j->version, 0);
	atomic_store(&j->binding, UINT64_MAX); /* nothing decided before may still be committed */
	pthread_mutex_unlock(&j->lock);
	journal_set_trouble(j, why);
}

static struct status break_off(struct journal *j, const struct journal_entry *entry, struct error *e)
{
	char text[512];

	snprintf(text, sizeof text,
		"journal entry %llu does not verify: %s; nothing is published until somebody finds out why",
		entry->body ? (unsigned long long)entry->body->sequence
			    : (unsigned long long)governance_sequence(j->governance) + 1,
		error_text(e));
	j->broken = true;
	log_error("journal broken", "detail=%s", LOG_QUOTE(text));
	drop_policy(j, text);
	return S_REFUSED;
}

static void keep_stored(struct journal *j, uint64_t sequence, struct span value)
{
	struct kept_entry *kept = &j->kept[sequence % JOURNAL_KEPT];

	kept->stored.n = 0;
	kept->sequence = ok(buffer_append(&kept->stored, value)) ? sequence : 0;
}

static bool names_documents(const struct journal_entry *entry)
{
	return entry->body->body_case == ANPR__V1__JOURNAL_ENTRY__BODY_DECREE &&
	       entry->body->decree->n_documents > 0;
}

/* A journal that once was longer, or said something else at a number we remember, has been put back or
 * replaced. */
static struct status check_seen(const struct journal *j, const struct journal_entry *entry, struct error *e)
{
	if (entry->body->sequence != j->seen_sequence || digest_equal(&entry->hash, &j->seen_hash))
		return S_OK;
	(void)error_set(
		e, "its hash is not the one this node saw before: the journal was replaced or put back");
	return S_REFUSED;
}

/* An entry's time is the later of its writer's clock and of the entry before, and the broker appends it a
 * moment later. One that only carries on the time of the entry before is not told again. Under the lock. */
static void check_time(struct journal *j, const struct kafka_record *record,
	const Anpr__V1__JournalEntry *entry, struct utc_ms before)
{
	int64_t late = record->timestamp_ms - entry->time_ms;

	if (!record->append_time || entry->time_ms == before.v ||
		(late <= BROKER_CLOCK_BOUND_MS + APPEND_MOST_MS && late >= -BROKER_CLOCK_BOUND_MS))
		return;
	snprintf(j->clock_trouble, sizeof j->clock_trouble,
		"journal entry %llu of node %s has a time %.1f s %s the broker's: check that node's clock",
		(unsigned long long)entry->sequence, entry->node, (double)llabs(late) / 1000,
		late > 0 ? "behind" : "ahead of");
	j->clock_trouble_ms = record->timestamp_ms;
	log_warn("journal entry's time is wrong", "entry=%llu node=%s behind_ms=%lld",
		(unsigned long long)entry->sequence, entry->node, (long long)late);
}

static struct status take_in(struct journal *j, const struct kafka_record *record, struct error *e)
{
	struct journal_entry entry = {0};
	struct status status = journal_entry_decode(record->value, &entry, e);

	if (ok(status))
		status = check_seen(j, &entry, e);
	if (ok(status) && names_documents(&entry) && !ok(read_documents(j, 5000, e))) {
		journal_entry_free(&entry);
		return S_RETRY;
	}
	if (ok(status)) {
		struct utc_ms before = governance_time(j->governance); /* written by this thread only */

		pthread_mutex_lock(&j->lock);
		status = governance_apply(j->governance, &entry, e);
		if (ok(status)) {
			keep_stored(j, entry.body->sequence, record->value);
			check_time(j, record, entry.body, before);
		}
		pthread_mutex_unlock(&j->lock);
	}
	if (!ok(status)) {
		status = break_off(j, &entry, e);
	} else {
		j->dirty = true;
		if (entry.body->body_case != ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED)
			j->deciding = entry.body->sequence;
	}
	journal_entry_free(&entry);
	return status;
}

static struct status open_reader(struct journal *j, struct error *e)
{
	if (j->reader)
		return S_OK;
	return reader_open(
		j->options.kafka, j->options.topic, 0, j->next ? j->next : READER_OLDEST, &j->reader, e);
}

/* Take in what comes within timeout_ms. OK: something did. WAIT: nothing. */
struct status follow_some(struct journal *j, int timeout_ms, struct error *e)
{
	struct kafka_record record;
	struct status status;
	bool any = false;

	REQUIRE(!j->broken, S_REFUSED);
	TRY(open_reader(j, e));
	for (;; timeout_ms = 0, any = true) {
		status = reader_next(j->reader, timeout_ms, &record, e);
		if (status.kind == STATUS_WAIT)
			return any ? S_OK : S_WAIT;
		TRY(status);
		status = take_in(j, &record, e);
		if (status.kind == STATUS_RETRY)
			follow_close(j); /* come back to this record */
		TRY(status);
		j->next = record.offset + 1;
	}
}

struct status follow_to_end(struct journal *j, int64_t deadline, struct error *e)
{
	int64_t oldest, newest;

	REQUIRE(!j->broken, S_REFUSED);
	TRY(watermarks_of(j->ends, j->options.topic, 0, time_left(deadline), &oldest, &newest, e));
	if (oldest > 0 && j->next == 0) {
		error_set(e, "the journal topic has lost its beginning: its retention must be unlimited");
		return S_REFUSED;
	}
	while (newest > 0 && j->next < newest && (!j->reader || reader_end(j->reader) < newest)) {
		struct status status = follow_some(j, 20, e);

		if (status.kind != STATUS_WAIT)
			TRY(status);
		if (time_left(deadline) == 0) {
			follow_close(j); /* it may not only be slow: see follow_look */
			error_set(e, "the journal could not be read to its end in time");
			return S_RETRY;
		}
	}
	if (governance_sequence(j->governance) < j->seen_sequence) {
		error_set(e,
			"the journal ends at entry %llu, but this node has seen entry %llu: it was cut or "
			"replaced",
			(unsigned long long)governance_sequence(j->governance),
			(unsigned long long)j->seen_sequence);
		return S_REFUSED;
	}
	j->dirty |= journal_version(j) == 0 && governance_sequence(j->governance) > 0;
	return S_OK;
}

/* A consumer of librdkafka's can stop fetching for good once its broker was away (librdkafka issues 5153,
 * 5430) and says nothing: to this node the journal would then never grow again. */
void follow_look(struct journal *j)
{
	int64_t now = clock_monotonic_ms();
	struct error e = {0};

	if (now - j->looked_at_ms < LOOK_EVERY_MS)
		return;
	j->looked_at_ms = now;
	if (!j->broken && !ok(follow_to_end(j, now + LOOK_MS, &e)))
		log_debug("journal not read to its end", "detail=%s", LOG_QUOTE(error_text(&e)));
	error_free(&e);
}

/* Compile what was taken in and let everybody see it. */
void follow_publish(struct journal *j)
{
	struct policy_snapshot *fresh = NULL, *old;

	if (!j->dirty || j->broken || governance_sequence(j->governance) < j->seen_sequence)
		return;
	if (!journal_own_key_valid(j)) {
		j->dirty = false;
		drop_policy(j, JOURNAL_KEY_NOT_VALID);
		return;
	}
	if (!ok(governance_snapshot(j->governance, clock_now(), &fresh))) {
		journal_set_trouble(j, "policy could not be compiled: out of memory");
		return;
	}
	j->dirty = false;
	save_seen(j);
	pthread_mutex_lock(&j->lock);
	old = j->snapshot;
	j->snapshot = fresh;
	atomic_store(&j->version, snapshot_version(fresh));
	atomic_store(&j->binding, j->deciding);
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
	snapshot_release(old);
	journal_set_trouble(j, "");
	j->options.changed(j->options.context);
}

/* Genesis brings its node's key with it. */
bool journal_own_key_valid(const struct journal *j)
{
	uint8_t key[32];

	node_key_public(j->options.key, key);
	return governance_sequence(j->governance) == 0 ||
	       governance_node_key_valid(j->governance, j->options.node, key);
}

void follow_close(struct journal *j)
{
	reader_close(j->reader);
	j->reader = NULL;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending to the journal: compare-and-append by a transactional id that is kept by whoever appended last.
 * An append is done when it has been read back committed, because a commit is acknowledged before it is
 * visible.
 */
#include "gateway/core/journal_internal.h"

#include "gateway/base/log.h"

#include <stdlib.h>

#define JOURNAL_TRANSACTIONAL_ID "anpr-journal"
#define SLICE_MS                 20

static void give_up_producer(struct journal *j, bool abort)
{
	if (j->producer && abort)
		producer_abort(j->producer, 1000);
	producer_close(j->producer);
	j->producer = NULL;
}

/* Where the id is not ours: take it, which fences the other writer, and read what that one appended last. */
static struct status own(struct journal *j, int64_t deadline, struct error *e)
{
	const char *topics[] = {j->options.topic, j->options.documents_topic, NULL};

	if (j->producer)
		return S_OK;
	TRY(producer_fence(
		j->options.kafka, JOURNAL_TRANSACTIONAL_ID, topics, time_left(deadline), &j->producer, e));
	return follow_to_end(j, deadline, e);
}

struct chunk {
	char key[80];
	struct span bytes;
};

static struct chunk chunk_of(struct span text, const struct digest *sha256, size_t i)
{
	size_t from = i * DOCUMENT_CHUNK, left = text.n - from;
	struct chunk c = {.bytes = span_of(text.p + from, left < DOCUMENT_CHUNK ? left : DOCUMENT_CHUNK)};

	document_key(c.key, sha256, i);
	return c;
}

static struct status send_text(struct journal *j, struct span text, struct error *e)
{
	struct digest sha256 = digest_of(text);

	for (size_t i = 0; i < document_chunks(text.n); i++) {
		struct chunk c = chunk_of(text, &sha256, i);
		struct producer_message m = {.topic = j->options.documents_topic,
			.key = span_text(c.key),
			.value = c.bytes,
			.copy = true};

		TRY(producer_send(j->producer, &m, e));
	}
	return S_OK;
}

/* The texts must be known before the command that names them is judged. */
static struct status learn_texts(struct journal *j, const Anpr__V1__SignedCommand *texts)
{
	for (size_t i = 0; texts && i < texts->n_documents; i++) {
		struct span text = span_of(texts->documents[i].data, texts->documents[i].len);
		struct digest sha256 = digest_of(text);

		for (size_t n = 0; n < document_chunks(text.n); n++) {
			struct chunk c = chunk_of(text, &sha256, n);

			TRY(document_store_add(j->documents, span_text(c.key), c.bytes));
		}
	}
	return S_OK;
}

static struct status flush_all(struct journal *j, int64_t deadline, struct error *e)
{
	struct status status;

	while ((status = producer_flush(j->producer, SLICE_MS, e)).kind == STATUS_WAIT)
		REQUIRE(time_left(deadline) > 0, S_RETRY);
	return status;
}

/* Everything up to, not including, the commit: what fails here is known not to have happened. */
static struct status transact(struct journal *j, struct journal_append *append, struct span value,
	int64_t deadline, struct error *e)
{
	struct producer_message m = {.topic = j->options.topic, .value = value, .copy = true};

	TRY(producer_begin(j->producer, e));
	for (size_t i = 0; append->texts && i < append->texts->n_documents; i++)
		TRY(send_text(
			j, span_of(append->texts->documents[i].data, append->texts->documents[i].len), e));
	TRY(producer_send(j->producer, &m, e));
	return flush_all(j, deadline, e);
}

static struct status commit(struct journal *j, int64_t deadline, struct error *e)
{
	struct status status;

	while ((status = producer_commit(j->producer, SLICE_MS, e)).kind == STATUS_WAIT)
		REQUIRE(time_left(deadline) > 0, S_FAULT);
	return status;
}

static struct status read_back(struct journal *j, uint64_t sequence, int64_t deadline, struct error *e)
{
	while (governance_sequence(j->governance) < sequence) {
		struct status status = follow_some(j, SLICE_MS, e);

		if (status.kind != STATUS_WAIT)
			TRY(status);
		if (time_left(deadline) == 0) {
			follow_close(j); /* it may not only be slow: see follow_look */
			return S_RETRY;
		}
	}
	return S_OK;
}

static struct status attempt(
	struct journal *j, struct journal_append *append, int64_t deadline, struct error *e)
{
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	struct utc_ms now = clock_now(), last = governance_time(j->governance);
	struct digest previous = *governance_head(j->governance);
	struct buffer value = {0};
	struct status status;

	/* An entry signed with a key that is not in the journal would break it for everybody. */
	if (!journal_own_key_valid(j)) {
		(void)error_set(e, "%s", JOURNAL_KEY_NOT_VALID);
		return S_REFUSED;
	}
	body.sequence = governance_sequence(j->governance) + 1;
	body.previous_hash.data = previous.v;
	body.previous_hash.len = sizeof previous.v;
	body.time_ms = now.v > last.v ? now.v : last.v;
	body.node = (char *)j->options.node;
	TRY(append->prepare(append->context, j->governance, (struct utc_ms){body.time_ms}, &body, e));
	status = journal_entry_seal(&body, j->options.key, &value, &append->hash, e);
	if (ok(status))
		status = transact(j, append, buffer_span(&value), deadline, e);
	buffer_free(&value);
	if (!ok(status)) {
		give_up_producer(j, status.kind == STATUS_RETRY);
		return S_RETRY;
	}
	status = commit(j, deadline, e);
	if (!ok(status))
		give_up_producer(j, false);
	else
		status = read_back(j, body.sequence, deadline, e);
	append->entry = body.sequence;
	return ok(status) ? S_OK : S_RETRY;
}

/* Whether to go on after an attempt: `prepare` is asked again against the journal as it is then, so that what
 * was appended after all (its fate was unknown) is found there and not appended twice. */
struct status append_run(struct journal *j, struct journal_append *append, int64_t deadline, struct error *e)
{
	TRY(learn_texts(j, append->texts));
	for (;;) {
		struct status status = own(j, deadline, e);

		if (ok(status))
			status = attempt(j, append, deadline, e);
		if (status.kind != STATUS_RETRY)
			return status;
		give_up_producer(j, false);
		if (time_left(deadline) < 100)
			return S_RETRY;
		clock_sleep_ms(50);
		error_free(e);
	}
}

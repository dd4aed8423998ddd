/* SPDX-License-Identifier: Apache-2.0
 *
 * What anprctl doctor sees in the journal: whether it holds, whether it has this node's key, and whether this
 * node's clock can be right. Nothing is written, so the broker's clock is only known by what it stamped last:
 * that may be long ago, and a clock that is ahead shows when the gateway writes.
 */
#include "gateway/base/file.h"
#include "gateway/ctl/doctor.h"
#include "gateway/ctl/records.h"
#include "gateway/governance/governance.h"

#include <stdio.h>
#include <stdlib.h>

#define PEM_MAX  (1u << 20)
#define READ_MS  15000
#define RETRY_MS 200

struct replay {
	struct doctor *d;
	const struct verify_source *source;
	struct document_store *documents;
	struct governance *governance;
	int64_t stamped_ms; /* the newest entry's time by the broker; 0 = there is none */
};

static struct status record_take(struct replay *r, const struct verify_record *record, struct error *e)
{
	struct journal_entry entry = {0};
	struct error why = {0};
	struct status status = journal_entry_decode(record->value, &entry, &why);

	if (ok(status))
		status = governance_apply(r->governance, &entry, &why);
	if (!ok(status))
		(void)error_set(e, "entry %llu: %s",
			(unsigned long long)governance_sequence(r->governance) + 1, error_text(&why));
	error_free(&why);
	journal_entry_free(&entry);
	r->stamped_ms = record->timestamp_ms;
	return ok(status) ? S_OK : S_REFUSED;
}

/* No entry below the end names a text that was written later. */
static struct status journal_read(struct replay *r, struct error *e)
{
	const struct verify_source *s = r->source;
	const struct config *c = r->d->wanted.config;
	struct verify_record record;
	struct status status;
	int64_t end;

	TRY(s->newest(s->context, c->topics.journal, 1, &end, e));
	TRY(verify_documents(s, c->topics.documents, r->documents, NULL, NULL, e));
	while (ok(status = s->next(s->context, c->topics.journal, 0, end, &record, e)))
		TRY(record_take(r, &record, e));
	return status.kind == STATUS_WAIT ? S_OK : status;
}

/* A handle may need a moment to know the topic. What was read stays read. */
static struct status journal_read_patiently(struct replay *r, struct error *e)
{
	int64_t until = clock_monotonic_ms() + READ_MS;
	struct status status;

	while ((status = journal_read(r, e)).kind == STATUS_RETRY && clock_monotonic_ms() < until) {
		error_free(e);
		clock_sleep_ms(RETRY_MS);
	}
	return status;
}

static void tell_key(struct replay *r)
{
	const struct config *c = r->d->wanted.config;
	struct buffer pem = {0};
	struct node_key *key = NULL;
	uint8_t public_key[32];
	char found[200];

	if (ok(file_read_private(c->signing_key, PEM_MAX, &pem, NULL)) &&
		ok(node_key_parse(buffer_span(&pem), &key, NULL))) {
		node_key_public(key, public_key);
		if (governance_node_key_valid(r->governance, c->gateway_id, public_key)) {
			snprintf(found, sizeof found, "the key of this node, %s, is in it", c->gateway_id);
			doctor_tell(r->d, HEALTH_OK, "journal", found, NULL);
		} else {
			snprintf(found, sizeof found, "gateway.signing_key is no key of node %s in it",
				c->gateway_id);
			doctor_tell(r->d, HEALTH_BROKEN, "journal", found,
				"put the node's own key there, or have this one agreed on: 'anprctl "
				"propose'");
		}
	}
	node_key_free(key);
	buffer_free(&pem);
}

static void tell_clock(struct replay *r)
{
	int64_t behind_ms = r->stamped_ms - clock_now().v;
	char found[200];

	if (behind_ms <= BROKER_CLOCK_BOUND_MS) {
		doctor_tell(r->d, HEALTH_OK, "clock", "it is not behind the broker's newest stamp", NULL);
		return;
	}
	snprintf(found, sizeof found,
		"this node's is at least %.1f s behind the broker's, more than the %d s allowed",
		(double)behind_ms / 1000, BROKER_CLOCK_BOUND_MS / 1000);
	doctor_tell(r->d, HEALTH_BROKEN, "clock", found,
		"check time synchronisation on both; nothing is published until they agree");
}

static void tell(struct replay *r, struct status status, struct error *e)
{
	if (!ok(status)) {
		doctor_tell(r->d, HEALTH_BROKEN, "journal", error_text(e),
			status.kind == STATUS_RETRY ? "see that the brokers keep answering, and look again"
						    : "'anprctl verify' says more");
	} else if (governance_sequence(r->governance) == 0) {
		doctor_tell(r->d, HEALTH_OK, "journal", "it is empty: the first start begins it", NULL);
	} else {
		tell_key(r);
		tell_clock(r);
	}
}

void doctor_journal(struct doctor *d)
{
	struct records *records = records_new(&d->wanted.access.config);
	struct document_store *documents = document_store_new();
	struct governance *governance = documents ? governance_new(documents) : NULL;
	struct error e = {0};

	if (records && governance) {
		struct replay r = {.d = d,
			.source = records_source(records),
			.documents = documents,
			.governance = governance};
		struct status status = journal_read_patiently(&r, &e);

		tell(&r, status, &e);
	}
	error_free(&e);
	governance_free(governance);
	document_store_free(documents);
	records_free(records);
}

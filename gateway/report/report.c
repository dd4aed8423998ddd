/* SPDX-License-Identifier: Apache-2.0
 *
 * A report, made and freed; and the order in which things are read: how far accounts and ledger go is asked
 * before how far the journal goes, so that whatever policy they were decided under is in it.
 */
#include "gateway/report/internal.h"

#include <stdlib.h>

#define TELL_EVERY 5000

struct status report_new(const struct report_question *q, struct report **out, struct error *e)
{
	struct report *r = memory_new(1, sizeof *r);
	struct status status;

	*out = NULL;
	r->q = *q;
	status = period_make(q, &r->period, e);
	r->documents = document_store_new();
	r->governance = r->documents ? governance_new(r->documents) : NULL;
	if (ok(status) && !r->governance)
		status = S_OVERLOAD;
	r->looked_at = r->period.from - 1;
	if (ok(status))
		*out = r;
	else
		report_free(r);
	return status;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	json_decref(r->verification);
	json_decref(r->brokers);
	free(r->brokers_why);
	counts_free(&r->counts);
	sharings_free(r);
	notes_free(&r->notes);
	governance_free(r->governance);
	document_store_free(r->documents);
	period_fini(&r->period);
	free(r);
}

void report_did(struct report *r)
{
	r->records++;
	if (r->progress && r->records % TELL_EVERY == 0)
		r->progress(r->progress_context, r->records);
}

static struct status topic_ask(struct report *r, const char *topic, int32_t *partitions, struct error *e)
{
	TRY(r->source->partitions(r->source->context, topic, partitions, e));
	if (*partitions >= 1 && *partitions <= VERIFY_PARTITIONS_MAX)
		return S_OK;
	(void)error_set(e, "%s: it is not there, or this certificate may not read it", topic);
	return S_REFUSED;
}

static struct status ends_ask(struct report *r, int64_t *accounts, int64_t *ledger, int32_t *publishers,
	int64_t *journal, struct error *e)
{
	const struct verify_source *s = r->source;
	int32_t one;

	TRY(topic_ask(r, r->topics->journal, &one, e));
	TRY(topic_ask(r, r->topics->accounts, &one, e));
	TRY(topic_ask(r, r->topics->ledger, publishers, e));
	TRY(s->newest(s->context, r->topics->accounts, 1, accounts, e));
	TRY(s->newest(s->context, r->topics->ledger, *publishers, ledger, e));
	return s->newest(s->context, r->topics->journal, 1, journal, e);
}

struct status report_gather(struct report *r, const struct verify_topics *topics,
	const struct verify_source *source, void (*progress)(void *context, uint64_t records), void *context,
	struct error *e)
{
	int64_t accounts = 0, journal = 0, ledger[VERIFY_PARTITIONS_MAX];
	int32_t publishers = 0;

	r->topics = topics;
	r->source = source;
	r->progress = progress;
	r->progress_context = context;
	TRY(ends_ask(r, &accounts, ledger, &publishers, &journal, e));
	TRY(replay(r, journal, e));
	return counts_read(r, accounts, ledger, publishers, e);
}

struct terms_asked {
	const struct report *r;
	void (*each)(void *context, const struct agreement *terms);
	void *context;
};

static void terms_hand(void *context, const struct governance_agreement *a)
{
	const struct terms_asked *asked = context;
	int64_t from, to;

	if (in_force_in(asked->r, a, &from, &to))
		asked->each(asked->context, a->terms);
}

void report_agreements(
	const struct report *r, void (*each)(void *context, const struct agreement *terms), void *context)
{
	governance_agreements(r->governance, terms_hand, &(struct terms_asked){r, each, context});
}

void report_brokers(struct report *r, const char *view, const char *why_not)
{
	r->brokers = view ? json_loads(view, 0, NULL) : NULL;
	r->brokers_why = memory_text(why_not);
}

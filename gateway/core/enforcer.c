/* SPDX-License-Identifier: Apache-2.0
 *
 * Off means off: whatever the journal says has been narrowed is made good here. Every publisher concerned is
 * fenced, by an init begun after the entry was read back; then an enforced entry says so, which is the
 * receipt. A narrowing that was recorded before a crash is made good after it in the same way. With several
 * nodes, whoever recorded an entry makes it good; where it has not in time, all others try.
 */
#include "gateway/core/core_internal.h"

#include <stdlib.h>
#include <sys/prctl.h>

#define APPEND_MS 5000
#define POLL_MS   1000
#define OTHERS_MS 3000 /* after which an entry is no longer left to the node that recorded it */

/* What is being made good. */
struct work {
	const struct core *core;
	uint64_t *entries;
	size_t n_entries;
	int64_t accepted_ms; /* the earliest */
	bool *concerned;     /* by publisher */
	uint32_t n_publishers;
	struct fence_report *reports;
	struct digest newest_hash;
	struct arena arena; /* of the entry being made */
};

static void work_free(struct work *w)
{
	for (uint32_t i = 0; w->reports && i < w->n_publishers; i++)
		fence_report_free(&w->reports[i]);
	free(w->entries);
	free(w->concerned);
	free(w->reports);
	arena_free(&w->arena);
}

/* The node that recorded it is another, and may still be about to make it good. */
static bool left_to_others(const struct core *core, const struct pending *pending)
{
	return strcmp(pending->node, core->config->gateway_id) != 0 &&
	       clock_now().v - pending->recorded.v < OTHERS_MS;
}

static void note_pending(struct work *w, const struct pending *pending)
{
	w->entries[w->n_entries++] = pending->entry;
	if (w->accepted_ms == 0 || pending->accepted.v < w->accepted_ms)
		w->accepted_ms = pending->accepted.v;
	for (size_t i = 0; i < pending->n_partners; i++)
		w->concerned[murmur2_partition(span_text(pending->partners[i]), w->n_publishers)] = true;
}

static void look_pending(void *context, const struct governance *g)
{
	struct work *w = context;
	const struct pending *pending;
	size_t n = governance_pending(g, &pending);

	w->n_publishers = governance_publishers(g);
	if (n == 0 || w->n_publishers == 0)
		return;
	w->entries = calloc(n, sizeof *w->entries);
	w->concerned = calloc(w->n_publishers, sizeof *w->concerned);
	w->reports = calloc(w->n_publishers, sizeof *w->reports);
	for (size_t i = 0; w->entries && w->concerned && w->reports && i < n; i++)
		if (!left_to_others(w->core, &pending[i]))
			note_pending(w, &pending[i]);
}

static bool all_fenced(struct core *core, struct work *w, uint64_t newest)
{
	for (uint32_t k = 0; k < w->n_publishers; k++) {
		if (!w->concerned[k] || w->reports[k].fenced_at_ms != 0)
			continue;
		if (!ok(publisher_fenced(core->publishers[k], newest, &w->reports[k])))
			return false;
	}
	return true;
}

static bool fence_all(struct core *core, struct work *w)
{
	uint64_t newest = w->entries[w->n_entries - 1], seen = 0;

	for (uint32_t k = 0; k < w->n_publishers; k++)
		if (w->concerned[k])
			publisher_fence(core->publishers[k], newest);
	while (!all_fenced(core, w, newest)) {
		if (atomic_load(&core->stopping))
			return false;
		core_await_change(core, &seen, POLL_MS);
	}
	return true;
}

/* --- the enforced entry --- */

static bool fill_feeds(const struct fence_report *r, Anpr__V1__FencedPublisher *m, struct arena *arena)
{
	Anpr__V1__FencedFeed *items = arena_alloc(arena, r->n_feeds * sizeof *items);

	m->feeds = arena_alloc(arena, r->n_feeds * sizeof *m->feeds);
	for (size_t i = 0; items && m->feeds && i < r->n_feeds; i++) {
		anpr__v1__fenced_feed__init(&items[i]);
		items[i].partner = r->feeds[i].partner;
		items[i].topic = r->feeds[i].topic;
		items[i].last_sequence = r->feeds[i].sequence;
		m->feeds[m->n_feeds++] = &items[i];
	}
	return m->n_feeds == r->n_feeds;
}

static bool fill_ends(const struct fence_report *r, Anpr__V1__FencedPublisher *m, struct arena *arena)
{
	Anpr__V1__PartitionEnd *items = arena_alloc(arena, r->n_ends * sizeof *items);

	m->ends = arena_alloc(arena, r->n_ends * sizeof *m->ends);
	for (size_t i = 0; items && m->ends && i < r->n_ends; i++) {
		anpr__v1__partition_end__init(&items[i]);
		items[i].topic = r->ends[i].topic;
		items[i].partition = r->ends[i].partition;
		items[i].high_watermark = r->ends[i].high_watermark;
		m->ends[m->n_ends++] = &items[i];
	}
	return m->n_ends == r->n_ends;
}

static bool fill_publishers(struct work *w, Anpr__V1__Enforced *m)
{
	m->publishers = arena_alloc(&w->arena, w->n_publishers * sizeof *m->publishers);
	for (uint32_t k = 0; m->publishers && k < w->n_publishers; k++) {
		Anpr__V1__FencedPublisher *f;

		if (!w->concerned[k])
			continue;
		f = arena_alloc(&w->arena, sizeof *f);
		if (!f)
			return false;
		anpr__v1__fenced_publisher__init(f);
		f->publisher = k;
		f->fenced_at_ms = w->reports[k].fenced_at_ms;
		if (!fill_feeds(&w->reports[k], f, &w->arena) || !fill_ends(&w->reports[k], f, &w->arena))
			return false;
		m->publishers[m->n_publishers++] = f;
	}
	return m->publishers != NULL;
}

static int64_t last_fence(const struct work *w)
{
	int64_t last = w->accepted_ms;

	for (uint32_t k = 0; k < w->n_publishers; k++)
		if (w->reports[k].fenced_at_ms > last)
			last = w->reports[k].fenced_at_ms;
	return last;
}

static struct status prepare(void *context, const struct governance *g, struct utc_ms now,
	Anpr__V1__JournalEntry *body, struct error *e)
{
	struct work *w = context;
	Anpr__V1__Enforced *m;

	(void)now;
	(void)e;
	for (size_t i = 0; i < w->n_entries; i++)
		if (governance_enforced_by(g, w->entries[i]) != 0)
			return S_BAD_INPUT; /* another node was quicker, or an earlier attempt was committed
					       after all: what is left comes next time round */
	arena_reset(&w->arena);
	m = arena_alloc(&w->arena, sizeof *m);
	REQUIRE(m, S_OVERLOAD);
	anpr__v1__enforced__init(m);
	m->entries = w->entries;
	m->n_entries = w->n_entries;
	m->entry_hash.data = w->newest_hash.v;
	m->entry_hash.len = sizeof w->newest_hash.v;
	m->took_ms = (uint64_t)(last_fence(w) - w->accepted_ms);
	REQUIRE(fill_publishers(w, m), S_OVERLOAD);
	body->body_case = ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED;
	body->enforced = m;
	return S_OK;
}

/* The receipt names the newest entry it makes good by its hash, so that it stands without the journal beside
 * it. */
static void find_hash(struct core *core, struct work *w)
{
	struct journal_entry entry = {0};
	struct buffer stored = {0};

	if (ok(journal_stored(core->journal, w->entries[w->n_entries - 1], &stored)) &&
		ok(journal_entry_decode(buffer_span(&stored), &entry, NULL)))
		w->newest_hash = entry.hash;
	journal_entry_free(&entry);
	buffer_free(&stored);
}

static void tell_enforced(struct core *core, const struct work *w, uint64_t entry)
{
	int64_t took_ms = last_fence(w) - w->accepted_ms;

	pthread_mutex_lock(&core->lock);
	histogram_add(&core->receipts, clock_now().v - w->accepted_ms);
	pthread_mutex_unlock(&core->lock);
	log_info("enforced", "entry=%llu newest=%llu took_ms=%lld", (unsigned long long)entry,
		(unsigned long long)w->entries[w->n_entries - 1], (long long)took_ms);
}

static void make_good(struct core *core, struct work *w)
{
	struct journal_append append = {.prepare = prepare, .context = w, .timeout_ms = APPEND_MS};
	struct status status = S_RETRY;

	if (!fence_all(core, w))
		return;
	find_hash(core, w);
	while (status.kind == STATUS_RETRY && !atomic_load(&core->stopping)) {
		struct error e = {0};

		status = journal_append(core->journal, &append, &e);
		error_free(&e);
	}
	if (ok(status))
		tell_enforced(core, w, append.entry);
}

void *enforcer_run(void *context)
{
	struct core *core = context;
	uint64_t seen = 0;

	prctl(PR_SET_NAME, "enforcer");
	while (!atomic_load(&core->stopping)) {
		struct work w = {.core = core};

		journal_look(core->journal, look_pending, &w);
		if (w.n_entries > 0)
			make_good(core, &w);
		else if (!lapse_append(core))
			core_await_change(core, &seen, POLL_MS);
		work_free(&w);
	}
	return NULL;
}

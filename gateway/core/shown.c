/* SPDX-License-Identifier: Apache-2.0
 *
 * What others see of a publisher: where its fences left things, how it stands, its partners' counts. The
 * publisher's thread puts copies out, under its lock; whoever asks takes copies of those.
 */
#include "gateway/core/publisher_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define CAMERAS_SHOWN_MS 2000
#define UNCONFIRMED_MS   500 /* a transaction that takes so long is told of */

/* --- put out by the thread --- */

static void copy_partner(const struct partner *from, struct partner_status *to)
{
	snprintf(to->id, sizeof to->id, "%s", from->id);
	snprintf(to->detail, sizeof to->detail, "%s", from->detail);
	to->source_state = from->source_state;
	to->on = from->on;
	to->held = atomic_load(&from->held) > 0;
	to->blocked = from->blocked;
	to->ever = from->ever;
	to->ever.cameras = NULL;
	to->ever.n_cameras = to->ever.cap_cameras = 0;
	to->newest_arrival_ms = from->newest_arrival_ms;
	to->off_entry = from->off_entry;
	to->off_at_ms = from->off_at_ms;
	to->suppressed = from->suppressed;
}

/* A register may have 100,000: now and then is enough. Under the lock. */
static void show_cameras(struct publisher *p)
{
	int64_t now = clock_monotonic_ms();

	if (now - p->cameras_at_ms < CAMERAS_SHOWN_MS)
		return;
	p->cameras_at_ms = now;
	for (size_t i = 0; i < p->n_partners; i++) {
		struct partner *partner = p->partners[i];

		totals_clear(&partner->shown_hour);
		partner->shown_hour_ms = partner->hour_ms;
		if (!ok(totals_add(&partner->shown_hour, &partner->hour, true)))
			totals_clear(&partner->shown_hour);
	}
}

void shown_update(struct publisher *p)
{
	pthread_mutex_lock(&p->lock);
	show_cameras(p);
	if (p->n_shown != p->n_partners) {
		struct partner_status *shown = reallocarray(p->shown, p->n_partners, sizeof *shown);

		if (shown) {
			p->shown = shown;
			p->n_shown = p->n_partners;
		}
	}
	for (size_t i = 0; i < p->n_shown; i++)
		copy_partner(p->partners[i], &p->shown[i]);
	p->shown_ordinal = p->ordinal;
	pthread_mutex_unlock(&p->lock);
}

/* --- asked for by others --- */

void publisher_fence(struct publisher *p, uint64_t entry)
{
	uint64_t wanted = atomic_load(&p->fence_wanted);

	while (wanted < entry && !atomic_compare_exchange_weak(&p->fence_wanted, &wanted, entry))
		;
	publisher_wake(p);
}

static void *copy_array(const void *from, size_t n, size_t size)
{
	void *copy = calloc(n ? n : 1, size);

	if (copy && n > 0)
		memcpy(copy, from, n * size);
	return copy;
}

struct status publisher_fenced(struct publisher *p, uint64_t entry, struct fence_report *out)
{
	struct status status = S_WAIT;

	pthread_mutex_lock(&p->lock);
	if (p->fence_done >= entry) {
		*out = p->report;
		out->feeds = copy_array(p->report.feeds, p->report.n_feeds, sizeof *out->feeds);
		out->ends = copy_array(p->report.ends, p->report.n_ends, sizeof *out->ends);
		status = out->feeds && out->ends ? S_OK : S_OVERLOAD;
	}
	pthread_mutex_unlock(&p->lock);
	return status;
}

void fence_report_free(struct fence_report *r)
{
	free(r->feeds);
	free(r->ends);
	*r = (struct fence_report){0};
}

/* Its thread waits for Kafka and says nothing meanwhile. It publishes still, so its state stays. Under the
 * lock. */
static void tell_unconfirmed(const struct publisher *p, struct publisher_status *out)
{
	int64_t ms = p->begun_ms ? clock_monotonic_ms() - p->begun_ms : 0;

	if (ms >= UNCONFIRMED_MS && !out->detail[0])
		snprintf(out->detail, sizeof out->detail,
			"Kafka has not confirmed for %lld ms what was sent; only what it has confirmed is "
			"counted",
			(long long)ms);
}

struct status publisher_status(struct publisher *p, struct publisher_status *out)
{
	*out = (struct publisher_status){.index = p->options.index};
	pthread_mutex_lock(&p->lock);
	out->partners = copy_array(p->shown, p->n_shown, sizeof *out->partners);
	if (out->partners) {
		out->elsewhere = publisher_elsewhere(p);
		snprintf(out->state, sizeof out->state, "%s", p->state);
		snprintf(out->detail, sizeof out->detail, "%s", p->detail);
		tell_unconfirmed(p, out);
		out->ordinal = p->shown_ordinal;
		out->transactions = p->transactions;
		out->aborted = p->aborted;
		out->transaction_ms = p->transaction_ms;
		out->transaction_times = p->transaction_times;
		out->clock_offset_ms = p->clock_offset_ms;
		out->n_partners = p->n_shown;
	}
	pthread_mutex_unlock(&p->lock);
	return out->partners ? S_OK : S_OVERLOAD;
}

struct status publisher_cameras(
	struct publisher *p, const char *partner, struct totals *out, struct utc_ms *hour)
{
	struct status status = S_WAIT;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n_partners; i++) {
		if (strcmp(p->partners[i]->id, partner) != 0)
			continue;
		hour->v = p->partners[i]->shown_hour_ms;
		status = totals_add(out, &p->partners[i]->shown_hour, true);
	}
	pthread_mutex_unlock(&p->lock);
	return status;
}

void publisher_status_free(struct publisher_status *s)
{
	free(s->partners);
	*s = (struct publisher_status){0};
}

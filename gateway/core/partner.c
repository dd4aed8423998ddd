/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's running state; decides nothing.
 */
#include "gateway/core/partner.h"

#include "anpr/v1/frame.pb-c.h"
#include "gateway/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct status partner_new(const char *id, int64_t clock_bound_ms, struct partner **out)
{
	struct partner *p = calloc(1, sizeof *p);

	REQUIRE(p, S_OVERLOAD);
	p->id = strdup(id);
	p->clock_bound_ms = clock_bound_ms;
	p->channel.fd = -1;
	*out = p;
	return p->id ? S_OK : S_OVERLOAD;
}

void partner_free(struct partner *p)
{
	if (!p)
		return;
	partner_detach(p);
	feed_set_free(&p->feeds);
	feed_set_free(&p->work_feeds);
	totals_free(&p->hour);
	totals_free(&p->shown_hour);
	totals_free(&p->ever);
	totals_free(&p->work);
	free(p->tallies);
	free(p->touched);
	free(p->clocks);
	free(p->permitted);
	free(p->id);
	free(p);
}

void partner_detach(struct partner *p)
{
	if (p->channel.fd >= 0)
		channel_fini(&p->channel);
	p->channel.fd = -1;
	p->started = false;
	p->source_state = ANPR__V1__SOURCE_STATE__SOURCE_STATE_UNSPECIFIED;
}

void partner_attach(struct partner *p, int fd)
{
	partner_detach(p);
	channel_init(&p->channel, fd, FRAME_READ_BATCH_MAX);
}

static void send_frame(struct partner *p, enum frame_type type, const ProtobufCMessage *message)
{
	uint8_t body[1024];
	size_t n = message ? protobuf_c_message_get_packed_size(message) : 0;

	if (n > sizeof body)
		return;
	if (message)
		protobuf_c_message_pack(message, body);
	/* What cannot be sent is a source that died or does not listen; its replacement is started anew. */
	if (!ok(channel_send(&p->channel, type, span_of(body, n), -1)))
		partner_detach(p);
}

void partner_start(struct partner *p)
{
	Anpr__V1__SourceStart m = ANPR__V1__SOURCE_START__INIT;

	if (p->channel.fd < 0)
		return;
	m.epoch = ++p->epoch;
	m.after = p->gathered;
	m.since_ms = p->since_ms;
	p->started = true;
	log_info("source started", "partner=%s epoch=%llu from=%s", p->id, (unsigned long long)p->epoch,
		p->gathered[0] ? "cursor" : "time");
	send_frame(p, FRAME_SOURCE_START, &m.base);
}

void partner_stop(struct partner *p)
{
	p->started = false;
	if (p->channel.fd >= 0)
		send_frame(p, FRAME_SOURCE_STOP, NULL);
}

void partner_rewind(struct partner *p)
{
	memcpy(p->gathered, p->cursor, sizeof p->gathered);
	if (p->off_since_ms != 0 || p->gap == ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF)
		p->gathered[0] = 0; /* what it kept from before the off is not asked for again */
	p->started = false;
	p->epoch++; /* what still comes of the old epoch is passed over */
}

void partner_off(struct partner *p, uint64_t entry, struct utc_ms since)
{
	if (p->off_entry == entry)
		return;
	p->off_entry = entry;
	p->off_at_ms = since.v;
	p->suppressed = 0;
}

static uint64_t denied_by_offs(const struct totals *t)
{
	return t->denied[REASON_PARTNER_OFF] + t->denied[REASON_RULE_OFF] + t->denied[REASON_CAMERA_OFF] +
	       t->denied[REASON_CLASS_OFF] + t->denied[REASON_CAPTURED_WHILE_OFF];
}

static struct status reserve_tallies(struct partner *p, size_t n)
{
	if (n == p->n_tallies)
		return S_OK;
	free(p->tallies);
	free(p->touched);
	free(p->clocks);
	p->tallies = calloc(n, sizeof *p->tallies);
	p->touched = calloc(n, sizeof *p->touched);
	p->clocks = calloc(n, sizeof *p->clocks);
	p->n_tallies = p->tallies && p->touched && p->clocks ? n : 0;
	return p->n_tallies ? S_OK : S_OVERLOAD;
}

struct status partner_work_begin(struct partner *p, const struct camera *cameras, size_t n_cameras)
{
	for (size_t i = 0; i < p->n_touched; i++)
		p->tallies[p->touched[i]] = (struct tally){0};
	p->n_touched = 0;
	p->n_permitted = 0;
	p->cameras = cameras;
	p->in_hand = true;
	p->work_gap = p->gap;
	p->work_gap_from_ms = p->gap_from_ms;
	totals_clear(&p->work);
	TRY(reserve_tallies(p, n_cameras + 1));
	if (p->clocks_of != cameras)
		memset(p->clocks, 0, p->n_tallies * sizeof *p->clocks);
	p->clocks_of = cameras;
	return feed_set_copy(&p->work_feeds, &p->feeds);
}

static uint32_t tally_of(const struct partner *p, const struct camera *camera)
{
	return camera ? camera->index : (uint32_t)(p->n_tallies - 1);
}

void partner_notice(struct partner *p, const struct camera *camera, enum notice what)
{
	p->tallies[tally_of(p, camera)].noticed[what]++;
}

void partner_timed(struct partner *p, const struct camera *camera, int64_t delay_ms, int64_t arrival_ms)
{
	struct tally *t = &p->tallies[camera->index];
	struct camera_clock *c = &p->clocks[camera->index];
	int64_t period = arrival_ms / CLOCK_PERIOD_MS;

	if (t->timed++ == 0 || delay_ms < t->least_delay_ms)
		t->least_delay_ms = delay_ms;
	if (c->period != period) {
		bool next = c->period + 1 == period;

		*c = (struct camera_clock){.period = period,
			.least_ms = INT64_MAX,
			.before_ms = next ? c->least_ms : INT64_MAX,
			.reads = next ? c->reads : 0};
	}
	c->least_ms = delay_ms < c->least_ms ? delay_ms : c->least_ms;
	c->reads += c->reads < CLOCK_READS_MIN;
}

bool partner_clock_is_off(const struct partner *p, const struct camera *camera)
{
	const struct camera_clock *c = camera ? &p->clocks[camera->index] : NULL;
	int64_t least;

	if (!c || c->reads < CLOCK_READS_MIN)
		return false;
	least = c->least_ms < c->before_ms ? c->least_ms : c->before_ms;
	return least > p->clock_bound_ms || least < -p->clock_bound_ms;
}

static void notice_decision(struct tally *t, const struct decision *d)
{
	t->noticed[NOTICE_LOW_CONFIDENCE] += d->reason == REASON_LOW_CONFIDENCE;
	t->noticed[NOTICE_REPEAT] += d->reason == REASON_DUPLICATE;
	if (d->verdict != VERDICT_PERMIT || d->quality == 0)
		return;
	t->noticed[NOTICE_NO_CONFIDENCE] += d->quality >> QUALITY_NO_CONFIDENCE & 1;
	t->noticed[NOTICE_POSITION_MISMATCH] += d->quality >> QUALITY_POSITION_MISMATCH & 1;
	t->noticed[NOTICE_UNKNOWN_FORMAT] += d->quality >> QUALITY_VRM_FORMAT & 1;
}

void partner_count(struct partner *p, const struct decision *d)
{
	uint32_t i = tally_of(p, d->camera);
	bool permitted = d->verdict == VERDICT_PERMIT;

	if (p->tallies[i].received++ == 0)
		p->touched[p->n_touched++] = i;
	p->tallies[i].permitted += permitted;
	notice_decision(&p->tallies[i], d);
	p->work.received++;
	p->work.permitted += permitted;
	p->work.published += permitted ? d->n : 0;
	p->work.classes_dropped += d->class_dropped;
	if (!permitted)
		p->work.denied[d->reason]++;
}

void partner_rejected(struct partner *p, enum rejection why, uint64_t n)
{
	p->work.rejected[why] += n;
	p->work.received += n;
}

struct status partner_permitted(struct partner *p, uint64_t hash)
{
	if (p->n_permitted == p->cap_permitted) {
		size_t cap = p->cap_permitted ? 2 * p->cap_permitted : 256;
		uint64_t *permitted = reallocarray(p->permitted, cap, sizeof *permitted);

		REQUIRE(permitted, S_OVERLOAD);
		p->permitted = permitted;
		p->cap_permitted = cap;
	}
	p->permitted[p->n_permitted++] = hash;
	return S_OK;
}

static int compare_index(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static struct status tell_tally(struct partner *p, uint32_t index, const char *id)
{
	const struct tally *t = &p->tallies[index];
	struct camera_count count = {.received = t->received,
		.permitted = t->permitted,
		.denied = t->received - t->permitted,
		.timed = t->timed,
		.least_delay_ms = t->least_delay_ms};

	for (int i = 0; i < NOTICES; i++)
		count.noticed[i] = t->noticed[i];
	return totals_camera(&p->work, span_text(id), &count);
}

/* In the order of the register, which is that of the totals, so that each is added at the end. The
 * unregistered ones, last here, are first there. */
struct status partner_work_cameras(struct partner *p)
{
	uint32_t unregistered = (uint32_t)p->n_tallies - 1;
	size_t n = p->n_touched;

	if (n == 0)
		return S_OK;
	qsort(p->touched, n, sizeof p->touched[0], compare_index);
	if (p->touched[n - 1] == unregistered)
		TRY(tell_tally(p, p->touched[--n], ""));
	for (size_t i = 0; i < n; i++)
		TRY(tell_tally(p, p->touched[i], p->cameras[p->touched[i]].id));
	return S_OK;
}

int64_t partner_off_since_after(const struct partner *p)
{
	if (p->in_hand && p->work.received > 0)
		return 0; /* reads told together with a gap come after it */
	if (p->in_hand && p->work_gap == ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF)
		return p->work_gap_from_ms;
	return p->off_since_ms;
}

void partner_gap_told(struct partner *p, Anpr__V1__GapCause cause, int64_t from_ms)
{
	if (p->gap == cause && p->gap_from_ms == from_ms)
		p->gap = ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED;
}

struct status partner_work_committed(struct partner *p)
{
	p->off_since_ms = partner_off_since_after(p);
	p->in_hand = false;
	if (p->work_cursor)
		snprintf(p->cursor, sizeof p->cursor, "%s", p->work_cursor);
	p->work_cursor = NULL;
	if (p->off_entry)
		p->suppressed += denied_by_offs(&p->work);
	partner_gap_told(p, p->work_gap, p->work_gap_from_ms);
	TRY(feed_set_copy(&p->feeds, &p->work_feeds));
	TRY(totals_add(&p->hour, &p->work, true));
	return totals_add(&p->ever, &p->work, false);
}

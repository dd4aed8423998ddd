/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads in: frames from the sources of this publisher's partners, a frame each in turn so that none is
 * starved. What is not taken stays in the socket, then in the source, then with the partner: that is the
 * back-pressure.
 */
#include "gateway/core/publisher_internal.h"

#include "anpr/v1/frame.pb-c.h"
#include "gateway/base/log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define POLL_MAX 1024

void batch_reset(struct batch *b)
{
	arena_reset(&b->arena);
	b->first = NULL;
	b->last = &b->first;
	b->n_reads = 0;
}

bool batch_full(const struct batch *b)
{
	return b->n_reads >= BATCH_READS_MAX || b->arena.used >= BATCH_BYTES_MAX;
}

void batch_forget(struct batch *b, const struct partner *partner)
{
	struct batch_part **at = &b->first;

	while (*at) {
		if ((*at)->partner == partner) {
			b->n_reads -= (*at)->reads.n;
			*at = (*at)->next;
			continue;
		}
		at = &(*at)->next;
	}
	b->last = at;
	if (!b->first)
		batch_reset(b); /* nothing borrows from it any more */
}

static uint64_t rejected_in(const struct read_batch *reads)
{
	uint64_t n = 0;

	for (int i = 0; i < REJECTION_COUNT; i++)
		n += reads->rejected[i];
	return n;
}

/* A frame of reads becomes a part. The bytes are copied once, here; the reads borrow from the copy. What is
 * passed over takes room until the batch is given up, or at once if it would be alone in there. */
static struct status take_reads(struct batch *b, struct partner *partner, struct span body)
{
	struct batch_part *part = arena_alloc(&b->arena, sizeof *part);
	struct span copy = arena_copy(&b->arena, body);

	REQUIRE(part && copy.p, S_OVERLOAD);
	part->partner = partner;
	part->received_ms = clock_now().v;
	TRY(read_batch_decode(copy, &b->arena, &part->reads));
	if (part->reads.epoch != partner->epoch || (part->reads.n == 0 && rejected_in(&part->reads) == 0)) {
		if (!b->first)
			batch_reset(b);
		return S_OK;
	}
	REQUIRE(part->reads.cursor.n <= READ_CURSOR_MAX, S_BAD_INPUT);
	if (part->reads.cursor.n > 0 && partner->started) {
		memcpy(partner->gathered, part->reads.cursor.p, part->reads.cursor.n);
		partner->gathered[part->reads.cursor.n] = 0;
	}
	partner->newest_arrival_ms = part->received_ms;
	if (!b->first)
		b->opened_ms = clock_monotonic_ms();
	*b->last = part;
	b->last = &part->next;
	b->n_reads += part->reads.n;
	return S_OK;
}

/* People will read the detail: a source in its partner's hands may say anything. */
static bool report_is_good(const Anpr__V1__SourceReport *m, const struct partner *partner)
{
	return (unsigned)m->state <= ANPR__V1__SOURCE_STATE__SOURCE_STATE_WAITING &&
	       strlen(m->detail) < sizeof partner->detail && text_is_safe(span_text(m->detail));
}

static struct status take_report(struct partner *partner, struct span body)
{
	Anpr__V1__SourceReport *m = anpr__v1__source_report__unpack(NULL, body.n, body.p);
	bool good;

	REQUIRE(m, S_BAD_INPUT);
	good = report_is_good(m, partner);
	if (good) {
		partner->source_state = (unsigned)m->state;
		snprintf(partner->detail, sizeof partner->detail, "%s", m->detail);
	}
	/* A gap by an off that is still to be told is the wider one. */
	if (good && m->gap && m->epoch == partner->epoch &&
		partner->gap != ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF) {
		partner->gap = ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE;
		/* What is gone came after what arrived last, however long nobody asked for it. */
		partner->gap_from_ms =
			partner->newest_arrival_ms ? partner->newest_arrival_ms : clock_now().v;
	}
	anpr__v1__source_report__free_unpacked(m, NULL);
	return good ? S_OK : S_BAD_INPUT;
}

static struct status take_frame(struct batch *b, struct partner *partner)
{
	enum frame_type type;
	struct span body;

	TRY(channel_receive(&partner->channel, &type, &body));
	if (type == FRAME_READ_BATCH)
		return take_reads(b, partner, body);
	if (type == FRAME_SOURCE_REPORT)
		return take_report(partner, body);
	return S_BAD_INPUT;
}

/* One frame of each partner that has one. Returns whether any had. */
static bool take_round(struct publisher *p, struct batch *b)
{
	bool any = false;

	for (size_t i = 0; i < p->n_partners && !batch_full(b); i++) {
		struct partner *partner = p->partners[i];
		struct status status;

		if (partner->channel.fd < 0)
			continue;
		status = take_frame(b, partner);
		any |= ok(status);
		if (ok(status) || status.kind == STATUS_WAIT)
			continue;
		/* It died, or what it says makes no sense: it is cut off, ends, and is started anew. */
		log_warn("source cut off", "partner=%s cause=%s", partner->id,
			status.kind == STATUS_REFUSED ? "ended" : "nonsense");
		partner_detach(partner);
	}
	return any;
}

static bool wait_for_frames(struct publisher *p, int timeout_ms)
{
	struct pollfd fds[POLL_MAX];
	uint64_t count;
	nfds_t n = 1;

	fds[0] = (struct pollfd){.fd = p->wake_fd, .events = POLLIN};
	for (size_t i = 0; i < p->n_partners && n < POLL_MAX; i++)
		if (p->partners[i]->channel.fd >= 0)
			fds[n++] = (struct pollfd){.fd = p->partners[i]->channel.fd,
				.events = channel_events(&p->partners[i]->channel)};
	if (poll(fds, n, timeout_ms) <= 0)
		return false;
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->channel.fd >= 0 && channel_waiting(&p->partners[i]->channel) > 0 &&
			channel_flush(&p->partners[i]->channel).kind == STATUS_REFUSED)
			partner_detach(p->partners[i]);
	if (fds[0].revents && read(p->wake_fd, &count, sizeof count) == sizeof count)
		return false;
	return true;
}

void batch_gather(struct publisher *p, struct batch *b, int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	bool empty = !b->first;

	while (!batch_full(b)) {
		bool any = take_round(p, b);
		int64_t left = until - clock_monotonic_ms();

		/* However much more there is: a source that sends without end must not hold up the others'
		 * commit. */
		if (left <= 0)
			return;
		/* The first part says how long may be waited for more. */
		if (empty && b->first)
			return;
		if (!any && !wait_for_frames(p, (int)left))
			return;
	}
	/* Full: do not spin while the other batch is on its way. */
	if (timeout_ms > 0 && until > clock_monotonic_ms())
		clock_sleep_ms(1);
}

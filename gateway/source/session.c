/* SPDX-License-Identifier: Apache-2.0
 *
 * The states IDLE, CONNECTING, STREAMING and WAITING, and what moves between them. Nothing a partner says is
 * repeated in a report; its status codes are numbers.
 */
#include "gateway/source/session.h"

#include "gateway/http/url.h"

#include <limits.h>
#include <stdio.h>

#define LIVED_MS        10000 /* a response that gives heartbeats this long works, reads or not */
#define RETRY_AFTER_MAX 60    /* seconds a partner may ask us to stay away at once */

static void enter(struct session *s, enum source_state state, const char *detail)
{
	s->state = state;
	s->changed = true;
	snprintf(s->detail, sizeof s->detail, "%s", detail);
}

/* The response is over, whoever ended it. Lines that came without a cursor after them will come again. */
static void hang_up(struct session *s)
{
	stream_stop(s->stream);
	decoder_free(s->decoder);
	s->decoder = NULL;
	gather_forget_held(&s->gather);
}

/* The item to go on after, into `to`; empty = none, or no longer to be had. */
static void find_cursor(const struct session *s, char to[READ_CURSOR_MAX + 1])
{
	struct span cursor = gather_cursor(&s->gather);

	if (cursor.n == 0)
		cursor = span_text(s->start.after);
	if (s->oldest)
		cursor.n = 0;
	if (cursor.n > 0)
		memcpy(to, cursor.p, cursor.n);
	to[cursor.n] = 0;
}

/* What to ask for: as far as is known, in the order of DESIGN.md 5.1. */
static struct status make_request(struct session *s, struct span cursor)
{
	if (s->oldest)
		return url_with_query(s->url, "start", span_text("oldest"), &s->request);
	if (cursor.n > 0)
		return url_with_query(s->url, "after", cursor, &s->request);
	if (s->start.since_ms > 0)
		return url_with_query(s->url, "since",
			span_text(CLOCK_TEXT((struct utc_ms){s->start.since_ms})), &s->request);
	return url_with_query(s->url, "start", span_text("oldest"), &s->request);
}

static void wait_and_retry(struct session *s, const char *detail)
{
	int64_t asked = stream_retry_after_s(s->stream);
	int64_t wait_ms = backoff_next_ms(&s->backoff);

	asked = (asked > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : asked) * 1000;
	s->retry_ms = s->now_ms + (asked > wait_ms ? asked : wait_ms);
	hang_up(s);
	enter(s, SOURCE_STATE_WAITING, detail);
}

static void connect_now(struct session *s)
{
	char cursor[READ_CURSOR_MAX + 1];

	s->trouble = NULL;
	s->began_ms = s->heard_ms = s->now_ms;
	find_cursor(s, cursor);
	if (!ok(make_request(s, span_text(cursor)))) {
		wait_and_retry(s, stream_state_text(STREAM_BAD_URL));
		return;
	}
	stream_start(s->stream, buffer_text(&s->request), decode_accept(), cursor);
	enter(s, SOURCE_STATE_CONNECTING, "");
}

static bool on_began(void *self, const char *content_type)
{
	struct session *s = self;

	s->heard_ms = s->now_ms;
	s->decoder = decoder_new(decode_format_of(content_type), &s->sink);
	if (!s->decoder)
		s->trouble = "unknown content type: the partner answered in a format that was not offered";
	else
		enter(s, SOURCE_STATE_STREAMING, "");
	return s->decoder != NULL;
}

static bool on_body(void *self, struct span bytes)
{
	struct session *s = self;
	struct status fed;

	s->heard_ms = s->now_ms;
	s->bytes += bytes.n;
	fed = s->trouble ? S_OK : decoder_feed(s->decoder, bytes);
	if (fed.kind == STATUS_BAD_INPUT)
		s->trouble = "what the partner sent cannot be cut into messages";
	else if (!ok(fed))
		s->trouble = "not enough memory for what the partner sent";
	if (!s->trouble && gather_full(&s->gather) && !ok(gather_send(&s->gather, s->core, s->start.epoch)))
		s->trouble = "the core does not keep up";
	return !s->trouble;
}

static void on_read(void *self, const struct read *r)
{
	struct session *s = self;

	if (s->trouble || !ok(gather_read(&s->gather, r, s->now_ms))) {
		/* Nothing may follow it: a cursor further on would leave it out for ever. */
		s->trouble = "not enough memory for what the partner sent";
		return;
	}
	s->oldest = false;
	backoff_reset(&s->backoff);
}

static void on_rejected(void *self, enum rejection why, struct span cursor)
{
	struct session *s = self;

	if (s->trouble)
		return;
	gather_rejected(&s->gather, why, cursor, s->now_ms);
	s->oldest &= cursor.n == 0;
}

static void on_heartbeat(void *self)
{
	struct session *s = self;

	if (s->now_ms - s->began_ms >= LIVED_MS)
		backoff_reset(&s->backoff);
}

struct status session_init(
	struct session *s, const struct source_setup *setup, struct channel *core, int64_t now_ms)
{
	*s = (struct session){.url = setup->url, .core = core, .now_ms = now_ms, .reported_ms = now_ms};
	s->events = (struct stream_events){on_began, on_body, s};
	s->sink = (struct decode_sink){on_read, on_rejected, on_heartbeat, s};
	enter(s, SOURCE_STATE_IDLE, "");
	s->stream = stream_new(&setup->tls, &s->events);
	return s->stream ? S_OK : S_FAULT;
}

void session_fini(struct session *s)
{
	decoder_free(s->decoder);
	stream_free(s->stream);
	gather_fini(&s->gather);
	buffer_free(&s->request);
}

void session_stop(struct session *s)
{
	hang_up(s);
	gather_clear(&s->gather);
	s->oldest = s->gap = false;
	enter(s, SOURCE_STATE_IDLE, "");
}

void session_start(struct session *s, const struct source_start *start)
{
	session_stop(s);
	s->start = *start;
	backoff_reset(&s->backoff);
	connect_now(s);
}

/* The partner no longer has what follows the cursor. Asked for the oldest it cannot be gone, so then this is
 * an error like any other. */
static void cursor_gone(struct session *s)
{
	s->oldest = s->gap = true;
	wait_and_retry(s, "the partner no longer has what follows the cursor; going on from its oldest");
}

static void stream_over(struct session *s, enum stream_state why)
{
	char detail[sizeof s->detail];

	if (why == STREAM_STATUS && stream_status(s->stream) == 410 &&
		!strstr(buffer_text(&s->request), "start=oldest")) {
		cursor_gone(s);
		return;
	}
	if (why == STREAM_STATUS)
		snprintf(detail, sizeof detail, "the partner answered %d", stream_status(s->stream) % 1000);
	else
		snprintf(detail, sizeof detail, "%s",
			why == STREAM_DECLINED && s->trouble ? s->trouble : stream_state_text(why));
	wait_and_retry(s, detail);
}

static bool is_listening(const struct session *s)
{
	return s->state == SOURCE_STATE_CONNECTING || s->state == SOURCE_STATE_STREAMING;
}

bool session_is_held(const struct session *s)
{
	return channel_waiting(s->core) > SESSION_HELD_AT;
}

static void listen_on(struct session *s)
{
	enum stream_state state;

	if (session_is_held(s)) {
		s->heard_ms = s->now_ms; /* the silence is ours */
		return;
	}
	state = stream_drive(s->stream);
	if (state != STREAM_RUNNING)
		stream_over(s, state);
	else if (s->now_ms - s->heard_ms >= SESSION_SILENCE_MS)
		wait_and_retry(s, "the partner was silent for 30 s");
}

static void describe(const struct session *s, char *to, size_t n)
{
	uint64_t held = gather_held(&s->gather);

	if (held > 0)
		snprintf(to, n, "the last %llu items were no reads and had no cursor",
			(unsigned long long)held);
	else
		snprintf(to, n, "%s", s->detail);
}

/* errors: as channel_send. */
static struct status report(struct session *s)
{
	CLEANUP(buffer_free) struct buffer body = {0};
	char detail[sizeof s->detail];
	struct source_report r = {
		.state = s->state, .detail = detail, .bytes = s->bytes, .epoch = s->start.epoch};

	describe(s, detail, sizeof detail);
	r.gap = s->gap && !s->gather.due; /* the gap comes after what came before it */
	if (s->state == SOURCE_STATE_WAITING && s->retry_ms > s->now_ms)
		r.retry_in_ms = (uint64_t)(s->retry_ms - s->now_ms);
	TRY(source_report_encode(&r, &body));
	TRY(channel_send(s->core, FRAME_SOURCE_REPORT, buffer_span(&body), -1));
	s->reported_ms = s->now_ms;
	s->gap &= !r.gap;
	s->changed = s->gap;
	return S_OK;
}

int session_wait_ms(const struct session *s, int64_t now_ms)
{
	int64_t wait = s->reported_ms + SESSION_REPORT_MS - now_ms,
		batch = gather_wait_ms(&s->gather, now_ms), other = INT_MAX;

	if (is_listening(s))
		other = s->heard_ms + SESSION_SILENCE_MS - now_ms;
	else if (s->state == SOURCE_STATE_WAITING && !s->gap)
		other = s->retry_ms - now_ms;
	wait = other < wait ? other : wait;
	wait = batch >= 0 && batch < wait ? batch : wait;
	/* What is due and could not be sent waits for the socket, not for the clock. */
	if (wait <= 0 && channel_waiting(s->core) > 0)
		return GATHER_WAIT_MS;
	return wait < 0 ? 0 : (int)wait;
}

struct status session_step(struct session *s, int64_t now_ms)
{
	struct status sent = S_OK;

	s->now_ms = now_ms;
	if (is_listening(s))
		listen_on(s);
	else if (s->state == SOURCE_STATE_WAITING && !s->gap && now_ms >= s->retry_ms)
		connect_now(s);
	if (gather_wait_ms(&s->gather, now_ms) == 0)
		sent = gather_send(&s->gather, s->core, s->start.epoch);
	if (ok(sent) && (s->changed || now_ms - s->reported_ms >= SESSION_REPORT_MS))
		sent = report(s);
	return ok(sent) || sent.kind == STATUS_OVERLOAD ? S_OK : S_REFUSED;
}

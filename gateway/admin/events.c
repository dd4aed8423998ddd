/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events: the status, each second, to whoever follows it. The core is asked once for all of them,
 * by each in its turn, so that whose role is gone is no longer told; who cannot keep up is hung up on and may
 * come again.
 */
#include "gateway/admin/server.h"

#include "gateway/base/clock.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <sys/socket.h>

#define EVERY_MS   1000
#define BEHIND_MAX (4u << 20) /* bytes that somebody has not taken */
#define INCOMING   1024u      /* a listener has nothing more to say */

static struct bufferevent *stream_of(struct evhttp_request *request)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

/* Called by evhttp when a listener's connection ends. A request whose answer has begun and not ended it has
 * by then left to whoever was answering. */
static void listener_gone(struct evhttp_connection *connection, void *slot)
{
	struct evhttp_request **to = slot;

	(void)connection;
	if (!evhttp_request_get_connection(*to))
		evhttp_request_free(*to);
	*to = NULL;
}

/* Only the socket is shut: evhttp sees the end of it, and calls the above. */
static void hang_up(struct evhttp_request *request)
{
	shutdown(bufferevent_getfd(stream_of(request)), SHUT_RDWR);
}

static void tell(struct evhttp_request *request, const char *before, struct span body)
{
	struct evbuffer *out = evbuffer_new();
	struct peer *peer = peer_of(request);

	if (peer)
		peer->active_at = clock_monotonic_ms();
	if (evbuffer_get_length(bufferevent_get_output(stream_of(request))) > BEHIND_MAX)
		hang_up(request);
	else if (out && evbuffer_add_printf(out, "%s", before) >= 0 &&
		 evbuffer_add(out, body.p, body.n) == 0 && evbuffer_add(out, "\n\n", 2) == 0)
		evhttp_send_reply_chunk(request, out);
	if (out)
		evbuffer_free(out);
}

/* `body` is JSON on one line. */
static void tell_all(struct events *e, const char *before, struct span body)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		if (e->to[i])
			tell(e->to[i], before, body);
}

void events_begin(struct server *s, struct evhttp_request *request, struct span status)
{
	struct bufferevent *stream = stream_of(request);
	size_t i = 0;

	while (i < LISTENERS_MAX && s->events.to[i])
		i++;
	if (i == LISTENERS_MAX) {
		request_refuse(request, 503, "too many pages follow this node already; try another node");
		return;
	}
	s->events.to[i] = request;
	evhttp_connection_set_closecb(
		evhttp_request_get_connection(request), listener_gone, &s->events.to[i]);
	bufferevent_set_timeouts(stream, NULL, NULL);
	bufferevent_setwatermark(stream, EV_READ, 0, INCOMING);
	request_headers(request, "text/event-stream");
	evhttp_send_reply_start(request, 200, NULL);
	tell(request, "event: status\ndata: ", status);
}

bool events_answer(struct server *s, const Anpr__V1__AdminResponse *answer)
{
	struct events *e = &s->events;

	if (!e->asked || answer->id != e->asked)
		return false;
	e->asked = 0;
	if (answer->status == 200)
		tell_all(e, "event: status\ndata: ", span_of(answer->body.data, answer->body.len));
	else if (answer->status == 403 && e->to[e->turn])
		hang_up(e->to[e->turn]);
	return true;
}

/* The next who listens; LISTENERS_MAX = nobody does. */
static size_t next_turn(const struct events *e)
{
	for (size_t n = 1; n <= LISTENERS_MAX; n++)
		if (e->to[(e->turn + n) % LISTENERS_MAX])
			return (e->turn + n) % LISTENERS_MAX;
	return LISTENERS_MAX;
}

void events_sweep(struct server *s, int64_t now)
{
	struct events *e = &s->events;
	size_t turn = next_turn(e);
	struct peer *peer;

	if (turn == LISTENERS_MAX || now - e->asked_at < EVERY_MS)
		return;
	if (e->asked && now - e->asked_at < ANSWER_MS) {
		tell_all(e, ": no answer from the core so far", (struct span){0});
		return;
	}
	e->turn = turn;
	e->asked_at = now;
	e->asked = 0;
	peer = peer_of(e->to[turn]);
	if (!peer || !peer_know(peer)) {
		hang_up(e->to[turn]);
	} else if (ok(request_ask(s, peer, s->next_id + 1, "/v1/events"))) {
		e->asked = ++s->next_id;
		core_wait(s);
	}
}

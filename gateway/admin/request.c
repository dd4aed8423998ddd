/* SPDX-License-Identifier: Apache-2.0
 *
 * A request from a person's program on its way to the core, and the answer on its way back. What it asks is
 * not looked into here.
 */
#include "gateway/admin/server.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>

void request_headers(struct evhttp_request *request, const char *type)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
}

static void reply(struct evhttp_request *request, int status, const char *type, struct span body)
{
	struct evbuffer *out = evbuffer_new();
	struct peer *p = peer_of(request);

	if (p)
		p->active_at = clock_monotonic_ms();
	request_headers(request, type);
	if (status == 503)
		evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", "1");
	if (out && body.n > 0)
		evbuffer_add(out, body.p, body.n);
	evhttp_send_reply(request, status, NULL, out);
	if (out)
		evbuffer_free(out);
}

/* `why` is ours: it holds nothing that JSON would have to escape. */
void request_refuse(struct evhttp_request *request, int status, const char *why)
{
	char body[256];

	snprintf(body, sizeof body, "{\"error\":\"%s\"}", why);
	reply(request, status, "application/json", span_text(body));
}

/* Called by evhttp when a connection ends before its answer. */
static void connection_closed(struct evhttp_connection *connection, void *pending)
{
	(void)connection;
	((struct pending *)pending)->waiting = false;
}

static struct pending *pending_new(struct server *s, const struct peer *peer, struct evhttp_request *request)
{
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct pending *p = &s->pending[i];
		if (p->waiting)
			continue;
		*p = (struct pending){.id = ++s->next_id,
			.asked_at = clock_monotonic_ms(),
			.server = s,
			.peer = peer,
			.request = request,
			.waiting = true};
		evhttp_connection_set_closecb(evhttp_request_get_connection(request), connection_closed, p);
		return p;
	}
	return NULL;
}

/* The slot is free again; its request is about to be answered. */
static struct evhttp_request *pending_take(struct pending *p)
{
	p->waiting = false;
	evhttp_connection_set_closecb(evhttp_request_get_connection(p->request), NULL, NULL);
	return p->request;
}

static const char *method_word(struct evhttp_request *request)
{
	return evhttp_request_get_command(request) == EVHTTP_REQ_POST ? "POST" : "GET";
}

/* A browser sends a person's certificate along with whatever any page makes it send. */
static bool from_another_site(struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *origin = evhttp_find_header(headers, "Origin");
	const char *host = evhttp_find_header(headers, "Host");

	if (!origin)
		return false;
	return !host || strncmp(origin, "https://", 8) != 0 || strcmp(origin + 8, host) != 0;
}

/* "/v1/...?query" into `to`. false: not one of ours. */
static bool path_of(struct evhttp_request *request, char *to)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	int n;

	if (!path || strncmp(path, "/v1/", 4) != 0)
		return false;
	n = snprintf(to, PATH_MAX_BYTES, "%s%s%s", path, query ? "?" : "", query ? query : "");
	return n > 0 && n < PATH_MAX_BYTES;
}

static struct status packed_send(struct channel *core, const ProtobufCMessage *message)
{
	struct buffer bytes = {0};
	size_t n = protobuf_c_message_get_packed_size(message);
	struct status status = buffer_reserve(&bytes, n);

	if (ok(status)) {
		bytes.n = protobuf_c_message_pack(message, bytes.p);
		status = channel_send(core, FRAME_ADMIN_REQUEST, buffer_span(&bytes), -1);
	}
	buffer_free(&bytes);
	return status;
}

/* With who asks (NULL = nobody known) filled in. */
static struct status forward(struct server *s, const struct peer *peer, Anpr__V1__AdminRequest *message)
{
	unsigned char *der = NULL;
	int n = peer ? i2d_X509(SSL_get0_peer_certificate(peer->ssl), &der) : 0;
	struct status status = S_OVERLOAD;

	if (peer) {
		message->organisation = (char *)peer->organisation;
		message->subject = (char *)peer->subject;
	}
	message->certificate = (ProtobufCBinaryData){n > 0 ? (size_t)n : 0, der};
	if (n > 0 || !peer)
		status = packed_send(&s->core, &message->base);
	OPENSSL_free(der);
	return status;
}

static struct status forward_pending(struct pending *p, const char *path)
{
	Anpr__V1__AdminRequest message = ANPR__V1__ADMIN_REQUEST__INIT;
	struct evbuffer *in = evhttp_request_get_input_buffer(p->request);

	message.id = p->id;
	message.method = (char *)method_word(p->request);
	message.path = (char *)path;
	message.body = (ProtobufCBinaryData){evbuffer_get_length(in), evbuffer_pullup(in, -1)};
	return forward(p->server, p->peer, &message);
}

struct status request_ask(struct server *s, const struct peer *peer, uint64_t id, const char *path)
{
	Anpr__V1__AdminRequest message = ANPR__V1__ADMIN_REQUEST__INIT;

	message.id = id;
	message.method = "GET";
	message.path = (char *)path;
	return forward(s, peer, &message);
}

void request_pass_on(
	struct server *s, const struct peer *peer, struct evhttp_request *request, const char *path)
{
	struct pending *p = pending_new(s, peer, request);

	if (p && ok(forward_pending(p, path))) {
		p->listens = strcmp(path, "/v1/events") == 0;
		core_wait(s);
		return;
	}
	if (p)
		pending_take(p);
	request_refuse(
		request, 503, "the gateway's core is busy or away; try another node, or again in a moment");
}

void request_take(struct evhttp_request *request, void *server)
{
	char path[PATH_MAX_BYTES];
	struct peer *peer = peer_of(request);

	if (peer)
		peer->active_at = clock_monotonic_ms();
	if (!peer || !peer_know(peer))
		request_refuse(request, 403, "your certificate is under nobody's trust root, or two bodies'");
	else if (from_another_site(request))
		request_refuse(request, 403, "asked for by a page of another site");
	else if (path_of(request, path))
		request_pass_on(server, peer, request, path);
	else if (!page_serve(request))
		request_refuse(request, 404, "there is nothing here; the page is at /, the API under /v1/");
}

/* Counts and commands are logged, what is asked about whom is not: the journal has it. */
static void answer_log(const struct pending *p, unsigned status)
{
	bool changes = evhttp_request_get_command(p->request) == EVHTTP_REQ_POST;

	log_write(changes ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "request answered",
		"organisation=%s method=%s status=%u took_ms=%lld",
		LOG_QUOTE(p->peer ? p->peer->organisation : ""), method_word(p->request), status,
		(long long)(clock_monotonic_ms() - p->asked_at));
}

static bool type_is_plain(const char *type)
{
	size_t n = strlen(type);

	return n > 0 && n < 100 &&
	       strspn(type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+-.;= ") == n;
}

/* Its slot is free afterwards. */
static void answer_pending(struct server *s, struct pending *p, const Anpr__V1__AdminResponse *answer)
{
	struct span body = span_of(answer->body.data, answer->body.len);
	bool listens = p->listens && answer->status == 200;
	struct evhttp_request *request;

	answer_log(p, answer->status);
	request = pending_take(p);
	if (listens)
		events_begin(s, request, body);
	else
		reply(request, (int)answer->status, answer->content_type, body);
}

struct status request_answer(struct server *s, struct span body)
{
	Anpr__V1__AdminResponse *answer = anpr__v1__admin_response__unpack(NULL, body.n, body.p);
	bool good = answer && answer->status >= 200 && answer->status <= 599 &&
		    type_is_plain(answer->content_type);

	if (good && !events_answer(s, answer))
		for (size_t i = 0; i < PEERS_MAX; i++)
			if (s->pending[i].waiting && s->pending[i].id == answer->id) {
				answer_pending(s, &s->pending[i], answer);
				break; /* none found: it took too long, or the person has gone */
			}
	anpr__v1__admin_response__free_unpacked(answer, NULL);
	return good ? S_OK : S_BAD_INPUT;
}

void requests_sweep(struct server *s, int64_t now)
{
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct pending *p = &s->pending[i];
		if (!p->waiting || now - p->asked_at < ANSWER_MS)
			continue;
		answer_log(p, 504);
		request_refuse(pending_take(p), 504,
			"no answer from the gateway's core in 8 s; it may still do what was asked");
	}
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is connected. A peer hangs on its SSL and goes with it, whoever ends the connection; evhttp, which owns
 * the connection, tells nobody of one that never made a request.
 */
#include "gateway/admin/server.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"

#include <event2/bufferevent_ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

static void peer_refused(struct peer *p)
{
	long why = SSL_get_verify_result(p->ssl);

	p->server->refused++;
	p->server->refused_why = why != X509_V_OK               ? X509_verify_cert_error_string(why)
				 : SSL_is_init_finished(p->ssl) ? "trust root is nobody's, or two bodies'"
								: "handshake not finished";
}

/* Called by SSL_free. */
static void peer_gone(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long argl, void *argp)
{
	struct peer *p = data;

	(void)parent, (void)all, (void)index, (void)argl, (void)argp;
	if (!p)
		return;
	if (!p->known)
		peer_refused(p);
	if (p->previous)
		p->previous->next = p->next;
	else
		p->server->peers = p->next;
	if (p->next)
		p->next->previous = p->previous;
	p->server->n_peers--;
	listen_adjust(p->server);
	free(p);
}

static int peer_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, peer_gone);
	return index;
}

static bool peer_new(struct server *s, SSL *ssl, struct bufferevent *stream)
{
	struct peer *p = calloc(1, sizeof *p);

	if (!p)
		return false;
	*p = (struct peer){.server = s, .ssl = ssl, .stream = stream, .accepted_at = clock_monotonic_ms()};
	p->active_at = p->accepted_at;
	p->next = s->peers;
	if (p->next)
		p->next->previous = p;
	s->peers = p;
	s->n_peers++;
	listen_adjust(s);
	return SSL_set_ex_data(ssl, peer_index(), p) == 1;
}

/* evhttp makes a connection without TLS where it is given nothing here, so there is always something: out of
 * memory ends the process, and the supervisor starts another. */
struct bufferevent *peer_accept(struct event_base *base, void *server)
{
	struct server *s = server;
	SSL *ssl = SSL_new(s->tls.context);
	struct bufferevent *stream = ssl ? bufferevent_openssl_socket_new(base, -1, ssl,
						   BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
					 : NULL;

	if (!stream || !peer_new(s, ssl, stream)) {
		log_error("out of memory", "connections=%zu", s->n_peers);
		exit(EXIT_FAILURE);
	}
	/* Clients that just go away are common, and their last words are HTTP's to judge. */
	bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
	return stream;
}

struct peer *peer_of(struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	struct bufferevent *stream = connection ? evhttp_connection_get_bufferevent(connection) : NULL;
	SSL *ssl = stream ? bufferevent_openssl_get_ssl(stream) : NULL;

	return ssl ? SSL_get_ex_data(ssl, peer_index()) : NULL;
}

bool peer_know(struct peer *p)
{
	const struct root *root;

	if (p->dismissed)
		return false;
	if (p->known)
		return tls_trusts(&p->server->tls, &p->root, p->organisation);
	root = SSL_is_init_finished(p->ssl) ? tls_root_of(&p->server->tls, p->ssl) : NULL;
	if (!root || !tls_subject(SSL_get0_peer_certificate(p->ssl), p->subject))
		return false;
	p->root = root->digest;
	memcpy(p->organisation, root->organisation, sizeof p->organisation);
	p->known = true;
	return true;
}

static bool peer_expired(const struct peer *p)
{
	return X509_cmp_current_time(X509_get0_notAfter(SSL_get0_peer_certificate(p->ssl))) <= 0;
}

/* Whether the connection has to end, now. */
static bool peer_overdue(struct peer *p, int64_t now)
{
	if (!SSL_is_init_finished(p->ssl))
		return now - p->accepted_at > HANDSHAKE_MS;
	return !peer_know(p) || peer_expired(p) || now - p->active_at > REQUEST_MS;
}

void peers_check(struct server *s)
{
	for (struct peer *p = s->peers; p; p = p->next)
		if (SSL_is_init_finished(p->ssl) && !tls_still_good(&s->tls, p->ssl))
			p->dismissed = true;
	peers_sweep(s, clock_monotonic_ms());
}

void peers_sweep(struct server *s, int64_t now)
{
	/* Only the socket is shut: evhttp sees the end of it and frees what belongs together. */
	for (struct peer *p = s->peers; p; p = p->next)
		if (peer_overdue(p, now))
			shutdown(bufferevent_getfd(p->stream), SHUT_RDWR);
	if (s->refused > 0)
		log_info("clients refused", "n=%u newest=%s", s->refused, LOG_QUOTE(s->refused_why));
	s->refused = 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The listener. The address is taken at once, so that a mistake shows at the start; connections are refused,
 * rather than left waiting, until the core has said whom to believe.
 */
#include "gateway/admin/server.h"

#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int socket_bind(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
		bind(fd, at->ai_addr, at->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

struct status listen_bind(const char *address, unsigned port, int *to, struct error *e)
{
	struct addrinfo want = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found;
	char service[16];
	int failed;

	snprintf(service, sizeof service, "%u", port);
	failed = getaddrinfo(address, service, &want, &found);
	if (failed)
		return error_set(e, "%s: %s", address, gai_strerror(failed));
	*to = socket_bind(found);
	freeaddrinfo(found);
	return *to >= 0 ? S_OK : error_set(e, "%s:%u: %s", address, port, strerror(errno));
}

struct status listen_start(struct server *s, struct error *e)
{
	struct evconnlistener *listener;

	if (s->bound)
		return S_OK;
	s->http = evhttp_new(s->base);
	listener = s->http ? evconnlistener_new(s->base, NULL, NULL,
				     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, PEERS_MAX, s->socket)
			   : NULL;
	if (!listener)
		return error_set(e, "the admin address cannot be listened on: %s", strerror(errno));
	s->socket = -1; /* the listener's now */
	evhttp_set_bevcb(s->http, peer_accept, s);
	evhttp_set_gencb(s->http, request_take, s);
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(s->http, HEADERS_MAX);
	evhttp_set_max_body_size(s->http, BODY_MAX);
	s->bound = evhttp_bind_listener(s->http, listener);
	return s->bound ? S_OK : S_FAULT;
}

void listen_adjust(struct server *s)
{
	struct evconnlistener *listener = s->bound ? evhttp_bound_socket_get_listener(s->bound) : NULL;

	if (listener && s->n_peers >= PEERS_MAX)
		evconnlistener_disable(listener);
	else if (listener)
		evconnlistener_enable(listener);
}

void listen_stop(struct server *s)
{
	s->bound = NULL; /* evhttp_free ends its listener */
	if (s->http)
		evhttp_free(s->http);
	if (s->metrics)
		evhttp_free(s->metrics);
	if (s->socket >= 0)
		close(s->socket);
}

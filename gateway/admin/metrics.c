/* SPDX-License-Identifier: Apache-2.0
 *
 * The listener for the node's own monitoring: metrics, liveness, readiness. Without TLS, so on the loopback
 * address only (the configuration sees to that); what the core says there is for everybody's eyes.
 */
#include "gateway/admin/server.h"

#include <stdio.h>
#include <unistd.h>

#define METRICS_BACKLOG 16
#define METRICS_SECONDS 10 /* a connection that says nothing */

static void take(struct evhttp_request *request, void *server)
{
	static const char *const paths[] = {"/metrics", "/livez", "/readyz"};
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	for (size_t i = 0; path && i < sizeof paths / sizeof paths[0]; i++)
		if (strcmp(path, paths[i]) == 0) {
			request_pass_on(server, NULL, request, paths[i]);
			return;
		}
	request_refuse(request, 404, "there are /metrics, /livez and /readyz here");
}

struct status metrics_start(struct server *s, const char *address, unsigned port, struct error *e)
{
	int fd = -1;

	TRY(listen_bind(address, port, &fd, e));
	s->metrics = evhttp_new(s->base);
	if (!s->metrics || listen(fd, METRICS_BACKLOG) != 0 || evhttp_accept_socket(s->metrics, fd) != 0) {
		close(fd);
		return error_set(e, "%s:%u cannot be listened on", address, port);
	}
	evhttp_set_gencb(s->metrics, take, s);
	evhttp_set_allowed_methods(s->metrics, EVHTTP_REQ_GET);
	evhttp_set_max_headers_size(s->metrics, HEADERS_MAX);
	evhttp_set_max_body_size(s->metrics, 0);
	evhttp_set_timeout(s->metrics, METRICS_SECONDS);
	return S_OK;
}

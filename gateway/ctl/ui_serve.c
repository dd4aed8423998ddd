/* SPDX-License-Identifier: Apache-2.0
 *
 * The listener on the loopback address, and where each request goes. What passes is a path of a shape that
 * has one meaning only, and of the gateway's answer its status, type, policy and body: no other header,
 * either way.
 */
#include "gateway/ctl/ui.h"

#include "gateway/base/clock.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>

#define BACKLOG      64
#define SILENT_S     30 /* a connection that says nothing; longer than any answer takes */
#define POLICY_NONE  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
#define COMMAND_TYPE "application/x-protobuf"

void serve_headers(struct evhttp_request *request, const struct api_about *about)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Content-Type",
		*about->content_type ? about->content_type : "application/octet-stream");
	evhttp_add_header(headers, "Content-Security-Policy", *about->policy ? about->policy : POLICY_NONE);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
	evhttp_add_header(headers, "Cross-Origin-Opener-Policy", "same-origin");
	evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
	evhttp_add_header(headers, "X-Frame-Options", "DENY");
}

void serve_reply(struct evhttp_request *request, int status, const struct api_about *about, struct span body)
{
	struct evbuffer *out = evbuffer_new();

	serve_headers(request, about);
	if (out && body.n > 0)
		evbuffer_add(out, body.p, body.n);
	evhttp_send_reply(request, status, NULL, out);
	if (out)
		evbuffer_free(out);
}

static const char *path_of(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	return path ? path : "";
}

static void refuse_as_json(struct evhttp_request *request, int status, const char *why)
{
	static const struct api_about about = {.content_type = "application/json"};
	json_t *json = json_pack("{s:s}", "error", why);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	serve_reply(request, status, &about, span_text(text ? text : "{}"));
	free(text);
	json_decref(json);
}

static void refuse_as_page(struct evhttp_request *request, int status, const char *why)
{
	static const struct api_about about = {.content_type = "text/html; charset=utf-8"};
	char *safe = evhttp_htmlescape(why);
	struct buffer page = {0};

	(void)ok(buffer_format(&page,
		"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>ANPR gateway</title>\n"
		"<h1>%s</h1>\n<p>%s.</p>\n%s</html>\n",
		status == 502 ? "The gateway does not answer" : "Not here", safe ? safe : "",
		status == 502 ? "<p><a href=\"/\">Try again</a></p>\n" : ""));
	serve_reply(request, status, &about, buffer_span(&page));
	buffer_free(&page);
	free(safe);
}

void serve_refuse(struct evhttp_request *request, int status, const char *why)
{
	if (strncmp(path_of(request), "/v1/", 4) == 0)
		refuse_as_json(request, status, why);
	else
		refuse_as_page(request, status, why);
}

/* "/", or names of letters, digits and . _ - that begin with a letter or digit, between slashes: nothing that
 * is escaped, and nothing that a server could take for another path. */
static bool path_is_plain(const char *path)
{
	if (strcmp(path, "/") == 0)
		return true;
	while (*path == '/') {
		path++;
		if (!isalnum((unsigned char)*path))
			return false;
		while (isalnum((unsigned char)*path) || (*path && strchr("._-", *path)))
			path++;
	}
	return *path == 0;
}

/* The path and what is asked of it. false: too long, or not plain. */
static bool path_take(struct evhttp_request *request, char to[UI_PATH_MAX])
{
	const char *path = path_of(request);
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
	int n = snprintf(to, UI_PATH_MAX, "%s%s%s", path, query ? "?" : "", query ? query : "");

	return path_is_plain(path) && n > 0 && n < UI_PATH_MAX &&
	       strspn(to,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/?&=%._~:+,*!'()-") ==
		       (size_t)n;
}

static void get(struct ui *ui, struct evhttp_request *request)
{
	bool events = strcmp(path_of(request), "/v1/events") == 0;
	bool whoami = strcmp(path_of(request), "/v1/whoami") == 0;
	bool report = strcmp(path_of(request), "/v1/report") == 0;
	const char *last = evhttp_find_header(evhttp_request_get_input_headers(request), "Last-Event-ID");
	char path[UI_PATH_MAX];
	struct job *job;

	if (!path_take(request, path)) {
		serve_refuse(request, 404, "there is no such address here");
		return;
	}
	if (report && ui->reporting) {
		serve_refuse(request, 409, "a report is being made already: wait for it");
		return;
	}
	job = job_new(ui, request,
		events   ? stream_work
		: whoami ? whoami_work
		: report ? report_work
			 : fetch_work);
	if (!job)
		return;
	if (report)
		report_begin(job);
	memcpy(job->path, path, sizeof path);
	snprintf(job->last_event_id, sizeof job->last_event_id, "%s", last ? last : "");
	job_start(job);
}

static void post(struct ui *ui, struct evhttp_request *request)
{
	const char *type = evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type");

	if (strcmp(path_of(request), "/v1/commands") != 0)
		serve_refuse(request, 404, "only commands can be posted here, to /v1/commands");
	else if (!type || strcmp(type, COMMAND_TYPE) != 0)
		serve_refuse(request, 415, "a command is posted as " COMMAND_TYPE);
	else
		command_take(ui, request);
}

static void take(struct evhttp_request *request, void *self)
{
	struct ui *ui = self;

	if (!request_is_ours(ui, request) || !session_admits(ui, request))
		return;
	ui->active_at = clock_monotonic_ms();
	if (evhttp_request_get_command(request) == EVHTTP_REQ_POST)
		post(ui, request);
	else
		get(ui, request);
}

/* Out of descriptors: connections that say nothing end by themselves, and then there is room again. Who waits
 * meanwhile waits in the kernel's queue; ui.c's tick takes them. */
static void accept_failed(struct evconnlistener *listener, void *self)
{
	(void)self;
	evconnlistener_disable(listener);
}

static struct evhttp *http_new(struct ui *ui)
{
	struct evhttp *http = evhttp_new(ui->base);

	if (!http)
		return NULL;
	evhttp_set_gencb(http, take, ui);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(http, UI_HEADERS_MAX);
	evhttp_set_max_body_size(http, UI_BODY_MAX);
	evhttp_set_timeout(http, SILENT_S);
	return http;
}

enum exit_code serve_start(struct ui *ui, unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;

	ui->http = http_new(ui);
	ui->listener = ui->http ? evconnlistener_new_bind(ui->base, NULL, NULL,
					  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
					  BACKLOG, (struct sockaddr *)&at, (int)sizeof at)
				: NULL;
	if (!ui->listener ||
		getsockname(evconnlistener_get_fd(ui->listener), (struct sockaddr *)&at, &n) != 0)
		return fail(ui->o, USAGE, "port %u of 127.0.0.1 cannot be listened on: %s", port,
			strerror(errno));
	evconnlistener_set_error_cb(ui->listener, accept_failed);
	ui->port = ntohs(at.sin_port);
	return evhttp_bind_listener(ui->http, ui->listener)
		       ? DONE
		       : fail(ui->o, REFUSED, "out of memory before anything was done");
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the admin process asks on people's behalf. Commands go to command.c; the rest are views, for anybody
 * with a role in this gateway. Answers are JSON.
 */
#include "gateway/core/core_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

char *api_error(const char *text)
{
	json_t *body = json_pack("{s:s}", "error", text);
	char *dumped = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return dumped;
}

/* --- the query --- */

static void decode_percent(const char *from, size_t n, char *to, size_t cap)
{
	size_t out = 0;

	for (size_t i = 0; i < n && out + 1 < cap; i++) {
		uint8_t byte;

		if (from[i] == '%' && i + 2 < n && ok(hex_parse(span_of(from + i + 1, 2), &byte, 1))) {
			to[out++] = (char)byte;
			i += 2;
			continue;
		}
		to[out] = from[i];
		if (from[i] == '+')
			to[out] = ' ';
		out++;
	}
	to[out] = 0;
}

/* Value of one query field into `to`; false = not there. */
static bool query_field(const char *path, const char *name, char *to, size_t cap)
{
	const char *at = strchr(path, '?');
	size_t length = strlen(name);

	while (at) {
		const char *end;

		at++;
		end = strchr(at, '&');
		if (strncmp(at, name, length) == 0 && at[length] == '=') {
			at += length + 1;
			decode_percent(at, end ? (size_t)(end - at) : strlen(at), to, cap);
			return to[0] != 0;
		}
		at = end;
	}
	return false;
}

/* --- views --- */

struct view {
	const Anpr__V1__AdminRequest *request;
	struct core *core;
	unsigned roles;
	char *body;
	uint32_t status;
};

static char *view_head(const struct view *v, const struct governance *g)
{
	json_t *body = json_pack("{s:s,s:I,s:s}", "gateway", v->core->config->gateway_id, "sequence",
		(json_int_t)governance_sequence(g), "hash", DIGEST_TEXT(governance_head(g)));
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return text;
}

static char *view_history(struct view *v, const struct governance *g)
{
	char partner[80], since[64];
	struct utc_ms from = {0};
	bool of_partner = query_field(v->request->path, "partner", partner, sizeof partner);

	if (query_field(v->request->path, "since", since, sizeof since) &&
		!ok(clock_parse(span_text(since), &from))) {
		v->status = 400;
		return api_error("since: not an RFC 3339 time with an offset, such as 2026-11-01T12:00:00Z");
	}
	return governance_view_history(g, of_partner ? partner : NULL, from);
}

static char *view_cameras(struct view *v, const struct governance *g)
{
	char partner[80];

	if (query_field(v->request->path, "partner", partner, sizeof partner))
		return governance_view_cameras(g, partner, clock_now());
	v->status = 400;
	return api_error("partner: missing; ask /v1/cameras?partner=ID");
}

static bool path_is(const char *path, const char *name)
{
	size_t n = strlen(name);

	return strncmp(path, name, n) == 0 && (path[n] == 0 || path[n] == '?');
}

static void look(void *context, const struct governance *g)
{
	struct view *v = context;
	const char *path = v->request->path;

	v->roles = governance_roles(g, v->request->organisation, v->request->subject);
	v->status = 200;
	if (v->roles == 0)
		return;
	if (path_is(path, "/v1/head"))
		v->body = view_head(v, g);
	else if (path_is(path, "/v1/trust"))
		v->body = governance_view_trust(g);
	else if (path_is(path, "/v1/history"))
		v->body = view_history(v, g);
	else if (path_is(path, "/v1/proposals"))
		v->body = governance_view_proposals(g);
	else if (path_is(path, "/v1/agreements"))
		v->body = governance_view_agreements(g, clock_now());
	else if (path_is(path, "/v1/cameras"))
		v->body = view_cameras(v, g);
}

static void handle_get(struct core *core, const Anpr__V1__AdminRequest *request)
{
	struct view v = {.request = request, .core = core};

	journal_look(core->journal, look, &v);
	if (v.roles == 0) {
		core_answer(core, request->id, 403,
			api_error("this certificate's subject is nobody's here: ask your organisation to "
				  "name it in the journal"));
		return;
	}
	if (!v.body && path_is(request->path, "/v1/status"))
		v.body = status_view(core);
	if (!v.body) {
		v.status = 404;
		v.body = api_error("no such view; there are /v1/status, head, trust, history, proposals, "
				   "agreements, cameras");
	}
	core_answer(core, request->id, v.status, v.body);
}

void api_handle(struct core *core, const Anpr__V1__AdminRequest *request)
{
	bool get = strcmp(request->method, "GET") == 0, post = strcmp(request->method, "POST") == 0;

	if (post && path_is(request->path, "/v1/commands"))
		command_begin(core, request);
	else if (get)
		handle_get(core, request);
	else
		core_answer(core, request->id, 405, api_error("GET a view, or POST /v1/commands"));
}

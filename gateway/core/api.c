/* SPDX-License-Identifier: Apache-2.0
 *
 * What the admin process asks on people's behalf. Commands go to command.c; the rest are views, for anybody
 * with a role in this gateway. Answers are JSON.
 */
#include "gateway/core/core_internal.h"

#include "policy/switches.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* From capture until a read that nothing holds up is published. */
#define EXPLAIN_MOMENT_MS 500

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
bool api_query(const char *path, const char *name, char *to, size_t cap)
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

static char *view_head(struct view *v, const struct governance *g)
{
	json_t *body = json_pack("{s:s,s:I,s:s}", "gateway", v->core->config->gateway_id, "sequence",
		(json_int_t)governance_sequence(g), "hash", DIGEST_TEXT(governance_head(g)));
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return text;
}

/* body: NULL where there is no such partner. */
static char *of_partner(struct view *v, char *body)
{
	if (body)
		return body;
	v->status = 404;
	return api_error("no such partner");
}

static char *view_history(struct view *v, const struct governance *g)
{
	char partner[80], since[64];
	struct utc_ms from = {0};
	bool about_one = api_query(v->request->path, "partner", partner, sizeof partner);

	if (api_query(v->request->path, "since", since, sizeof since) &&
		!ok(clock_parse(span_text(since), &from))) {
		v->status = 400;
		return api_error("since: not an RFC 3339 time with an offset, such as 2026-11-01T12:00:00Z");
	}
	return of_partner(v, governance_view_history(g, about_one ? partner : NULL, from));
}

static char *view_cameras(struct view *v, const struct governance *g)
{
	char partner[80];

	if (api_query(v->request->path, "partner", partner, sizeof partner))
		return of_partner(v, governance_view_cameras(g, partner, clock_now()));
	v->status = 400;
	return api_error("partner: missing; ask /v1/cameras?partner=ID");
}

static bool explain_time(struct view *v, const char *name, struct utc_ms usual, struct utc_ms *out)
{
	char text[64];

	*out = usual;
	if (api_query(v->request->path, name, text, sizeof text) && !ok(clock_parse(span_text(text), out)))
		return false;
	return out->v != 0;
}

/* Words of the query and what they stand for. */
struct named {
	const char *name;
	unsigned value;
};
static const struct named kinds[] = {
	{"vrm", READ_KIND_VRM}, {"hashed_tag", READ_KIND_HASHED_TAG}, {"no_plate", READ_KIND_NO_PLATE}, {0}};
static const struct named classes[] = {
	{"read", CLASS_READ}, {"plate_patch", CLASS_PLATE_PATCH}, {"overview", CLASS_OVERVIEW}, {0}};

/* The first one where the query says nothing; 0 = no such word. */
static unsigned explain_word(struct view *v, const char *field, const struct named *words)
{
	char text[32];

	if (!api_query(v->request->path, field, text, sizeof text))
		return words->value;
	while (words->name && strcmp(words->name, text) != 0)
		words++;
	return words->value;
}

static char *view_explain(struct view *v, const struct governance *g)
{
	char partner[80], camera[READ_CAMERA_MAX + 1];
	struct explain_question q = {.partner = partner, .camera = camera};

	q.kind = (enum read_kind)explain_word(v, "kind", kinds);
	q.class = explain_word(v, "class", classes);
	v->status = 400;
	if (!api_query(v->request->path, "partner", partner, sizeof partner) ||
		!api_query(v->request->path, "camera", camera, sizeof camera) || !q.kind || !q.class)
		return api_error(
			"ask /v1/explain?partner=ID&camera=ID&captured=TIME; kind is vrm, hashed_tag "
			"or no_plate, class is read, plate_patch or overview");
	if (!explain_time(v, "captured", (struct utc_ms){0}, &q.captured) ||
		!explain_time(
			v, "published", (struct utc_ms){q.captured.v + EXPLAIN_MOMENT_MS}, &q.published))
		return api_error("captured, published: RFC 3339 times with an offset, such as "
				 "2026-11-01T12:00:00Z");
	v->status = 200;
	return of_partner(v, governance_view_explain(g, &q));
}

/* A whole number of decimal digits, not 0. */
static bool number_take(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out > 0;
}

static char *view_proposals(struct view *v, const struct governance *g)
{
	char text[24], ids[8];
	uint64_t number = 0;

	if (api_query(v->request->path, "number", text, sizeof text) && !number_take(text, &number)) {
		v->status = 400;
		return api_error("number: not a proposal's number, such as 3; leave it out for all of them");
	}
	return governance_view_proposals(
		g, number, number > 0 && api_query(v->request->path, "cameras", ids, sizeof ids));
}

static char *view_trust(struct view *v, const struct governance *g)
{
	(void)v;
	return governance_view_trust(g);
}

/* Nothing that comes over a connection is signed here; a person's own program, which signs, answers
 * otherwise. */
static char *view_whoami(struct view *v, const struct governance *g)
{
	return governance_view_whoami(g, v->request->organisation, v->request->subject);
}

static char *view_positions(struct view *v, const struct governance *g)
{
	char partner[80];

	if (api_query(v->request->path, "partner", partner, sizeof partner))
		return of_partner(v, governance_view_positions(g, partner));
	v->status = 400;
	return api_error("partner: missing; ask /v1/positions?partner=ID");
}

static char *view_agreements(struct view *v, const struct governance *g)
{
	(void)v;
	return governance_view_agreements(g, clock_now());
}

static char *view_status(struct view *v)
{
	return status_view(v->core);
}

static char *view_readers(struct view *v)
{
	return readers_view(v->core);
}

static char *view_quality(struct view *v)
{
	return quality_view(v->core, v->request, &v->status);
}

static char *view_trials(struct view *v)
{
	return try_view(v->core, v->request, &v->status);
}

/* All there are: of the journal's state, looked at while nothing is appended, or of this node's own. */
static const struct {
	const char *path;
	char *(*of_journal)(struct view *v, const struct governance *g);
	char *(*of_node)(struct view *v);
} views[] = {
	{.path = "/v1/status", .of_node = view_status},
	{.path = "/v1/events", .of_node = view_status}, /* the admin process asks again and again */
	{.path = "/v1/whoami", .of_journal = view_whoami},
	{.path = "/v1/head", .of_journal = view_head},
	{.path = "/v1/trust", .of_journal = view_trust},
	{.path = "/v1/history", .of_journal = view_history},
	{.path = "/v1/proposals", .of_journal = view_proposals},
	{.path = "/v1/agreements", .of_journal = view_agreements},
	{.path = "/v1/cameras", .of_journal = view_cameras},
	{.path = "/v1/positions", .of_journal = view_positions},
	{.path = "/v1/readers", .of_node = view_readers},
	{.path = "/v1/quality", .of_node = view_quality},
	{.path = "/v1/explain", .of_journal = view_explain},
	{.path = "/v1/trials", .of_node = view_trials},
};
#define VIEWS (sizeof views / sizeof views[0])

static bool path_is(const char *path, const char *name)
{
	size_t n = strlen(name);

	return strncmp(path, name, n) == 0 && (path[n] == 0 || path[n] == '?');
}

static size_t view_find(const char *path)
{
	size_t i = 0;

	while (i < VIEWS && !path_is(path, views[i].path))
		i++;
	return i;
}

static char *no_view(struct view *v)
{
	struct buffer words CLEANUP(buffer_free) = {0};

	v->status = 404;
	for (size_t i = 0; i < VIEWS; i++)
		if (!ok(buffer_format(&words, "%s %s", i ? "," : "no such view; there are", views[i].path)))
			return NULL;
	return api_error(buffer_text(&words));
}

static void look(void *context, const struct governance *g)
{
	struct view *v = context;
	size_t i = view_find(v->request->path);

	v->roles = governance_roles(g, v->request->organisation, v->request->subject);
	if (v->roles != 0 && i < VIEWS && views[i].of_journal)
		v->body = views[i].of_journal(v, g);
}

static void handle_get(struct core *core, const Anpr__V1__AdminRequest *request)
{
	struct view v = {.request = request, .core = core, .status = 200};
	size_t i = view_find(request->path);

	journal_look(core->journal, look, &v);
	if (v.roles == 0) {
		core_answer(core, request->id, 403,
			api_error("this certificate's subject is nobody's here: ask your organisation to "
				  "name it in the journal"));
		return;
	}
	if (i == VIEWS)
		v.body = no_view(&v);
	else if (views[i].of_node)
		v.body = views[i].of_node(&v);
	core_answer(core, request->id, v.status, v.body);
}

void api_handle(struct core *core, const Anpr__V1__AdminRequest *request)
{
	bool get = strcmp(request->method, "GET") == 0, post = strcmp(request->method, "POST") == 0;

	if (!*request->organisation)
		metrics_handle(core, request);
	else if (post && path_is(request->path, "/v1/commands"))
		command_begin(core, request);
	else if (post && path_is(request->path, "/v1/trials"))
		try_begin(core, request);
	else if (get)
		handle_get(core, request);
	else
		core_answer(
			core, request->id, 405, api_error("GET a view, or POST /v1/commands or /v1/trials"));
}

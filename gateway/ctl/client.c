/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking the gateway. How nodes are tried in turn is gateway/http's; which answer to which question is worth
 * what is said here.
 */
#include "gateway/ctl/client.h"

#include "gateway/base/file.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PEM_MAX    (1u << 20)
#define GET_MS     9000 /* the core is given 8 s by the admin process */
#define NEXT_MS    2000
#define COMMAND_MS 9000
/* An off is answered within 5 s whatever state the broker is in (DESIGN.md 2 and 5.7). */
#define NARROW_MS      5000
#define NARROW_NEXT_MS 1000

/* What an answer to a narrowing is worth: only done is as good as it gets. */
enum {
	WORTH_NO_RECEIPT = 80,
	WORTH_RECORDED = 60,
	WORTH_STOPPED_HERE = 40,
	WORTH_REFUSED = 20,
	WORTH_TROUBLE = 1
};

static enum exit_code file_take(
	const struct options *o, const char *what, const char *path, bool private, struct buffer *out)
{
	struct error e = {0};

	if (!path)
		return fail(o, USAGE,
			"say --%s FILE, or set ANPRCTL_%s, or put it into ~/.config/anprctl.yaml", what,
			strcmp(what, "ca") == 0     ? "CA"
			: strcmp(what, "cert") == 0 ? "CERT"
						    : "KEY");
	if (!ok(private ? file_read_private(path, PEM_MAX, out, &e) : file_read(path, PEM_MAX, out, &e)))
		return fail_with(o, USAGE, &e);
	return DONE;
}

enum exit_code credentials_read(const struct options *o, struct credentials *c)
{
	enum exit_code code;

	if (!o->gateway)
		return fail(o, USAGE,
			"which gateway? --gateway https://HOST:PORT, ANPRCTL_GATEWAY, or "
			"~/.config/anprctl.yaml");
	code = file_take(o, "ca", o->ca, false, &c->ca);
	if (code == DONE)
		code = file_take(o, "cert", o->cert, false, &c->cert);
	if (code == DONE)
		code = file_take(o, "key", o->key, true, &c->key);
	if (code == DONE && !(c->pool = api_pool_new()))
		code = fail(o, REFUSED, "out of memory");
	return code;
}

void credentials_free(struct credentials *c)
{
	buffer_free(&c->ca);
	buffer_free(&c->cert);
	buffer_free(&c->key);
	api_pool_free(c->pool);
}

void nodes_cut(const struct options *o, struct nodes *n)
{
	char *rest;

	*n = (struct nodes){.text = strdup(o->gateway)};
	rest = n->text;
	while (rest && *rest && n->n < API_NODES_MAX) {
		n->urls[n->n++] = rest;
		rest = strchr(rest, ',');
		if (rest)
			*rest++ = 0;
	}
}

void nodes_free(struct nodes *n)
{
	free(n->text);
	*n = (struct nodes){0};
}

static json_t *json_of(struct span body)
{
	return json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
}

/* trouble: why nobody answered, where nobody did. */
static void ask_nodes(const struct options *o, const struct credentials *c, struct api_request *request,
	struct api_answer *answer, char trouble[TROUBLE_MAX])
{
	struct nodes nodes;
	struct api api = {
		.tls = {buffer_span(&c->ca), buffer_span(&c->cert), buffer_span(&c->key)}, .pool = c->pool};
	struct status status;

	nodes_cut(o, &nodes);
	api.urls = nodes.urls;
	api.n_urls = nodes.n;
	trouble[0] = 0;
	status = api_call(&api, request, answer);
	if (status.kind == STATUS_BAD_INPUT)
		snprintf(trouble, TROUBLE_MAX, "'%s' is not https://HOST:PORT", o->gateway);
	else if (!ok(status))
		snprintf(trouble, TROUBLE_MAX, "%s: %s", nodes.n ? nodes.urls[0] : "", answer->trouble);
	nodes_free(&nodes);
}

static void call(
	const struct options *o, const struct credentials *c, struct api_request *request, struct answer *out)
{
	struct api_answer answer;

	*out = (struct answer){0};
	ask_nodes(o, c, request, &answer, out->trouble);
	out->status = (unsigned)answer.status;
	if (answer.status > 0)
		out->json = json_of(buffer_span(&answer.body));
	api_answer_free(&answer);
}

void client_fetch(const struct options *o, const struct credentials *c, const char *path, struct fetched *out)
{
	struct api_request request = {
		.method = "GET", .path = path, .timeout_ms = GET_MS, .next_after_ms = NEXT_MS};

	ask_nodes(o, c, &request, &out->answer, out->trouble);
}

json_t *client_peek(const struct options *o, const struct credentials *c, const char *path, int timeout_ms)
{
	struct api_request request = {
		.method = "GET", .path = path, .timeout_ms = timeout_ms, .next_after_ms = timeout_ms / 2};
	struct answer answer;

	call(o, c, &request, &answer);
	if (answer.status == 200)
		return answer.json;
	json_decref(answer.json);
	return NULL;
}

static enum exit_code get_refused(const struct options *o, const struct answer *a)
{
	const char *why = json_text(a->json, "error");

	if (a->status == 0)
		return fail(o, UNREACHABLE, "no gateway answers: %s", a->trouble);
	if (!*why)
		why = "it gave no reason";
	return fail(o, a->status >= 500 ? UNREACHABLE : REFUSED, "the gateway answered with status %u: %s",
		a->status, why);
}

static enum exit_code ask(const struct options *o, struct api_request *request, json_t **out)
{
	struct credentials c = {0};
	struct answer answer = {0};
	enum exit_code code = credentials_read(o, &c);

	*out = NULL;
	if (code == DONE) {
		call(o, &c, request, &answer);
		if (answer.status == 200 && answer.json)
			*out = json_incref(answer.json);
		else
			code = get_refused(o, &answer);
		json_decref(answer.json);
	}
	credentials_free(&c);
	return code;
}

enum exit_code client_get(const struct options *o, const char *path, json_t **out)
{
	struct api_request request = {
		.method = "GET", .path = path, .timeout_ms = GET_MS, .next_after_ms = NEXT_MS};

	return ask(o, &request, out);
}

enum exit_code client_post(
	const struct options *o, const char *path, const char *type, struct span body, json_t **out)
{
	struct api_request request = {
		.method = "POST", .path = path, .content_type = type, .body = body, .timeout_ms = GET_MS};

	return ask(o, &request, out);
}

static int outcome_worth(const json_t *json)
{
	const char *outcome = json_text(json, "outcome");

	if (strcmp(outcome, "done") == 0)
		return json_is_object(json_object_get(json, "receipt")) ? API_FINAL : WORTH_NO_RECEIPT;
	if (strcmp(outcome, "recorded") == 0)
		return WORTH_RECORDED;
	return strcmp(outcome, "stopped_here") == 0 ? WORTH_STOPPED_HERE : WORTH_TROUBLE;
}

static int narrowing_worth(void *self, int status, struct span body)
{
	json_t *json;
	int worth;

	(void)self;
	if (status != 200 && status != 202)
		return status < 500 ? WORTH_REFUSED : WORTH_TROUBLE;
	json = json_of(body);
	worth = outcome_worth(json);
	json_decref(json);
	return worth;
}

void client_command(const struct options *o, const struct credentials *c, struct span body, bool narrows,
	struct answer *out)
{
	struct api_request request = {.method = "POST",
		.path = "/v1/commands",
		.content_type = "application/x-protobuf",
		.body = body,
		.timeout_ms = narrows ? NARROW_MS : COMMAND_MS,
		.next_after_ms = narrows ? NARROW_NEXT_MS : 0,
		.worth = narrows ? narrowing_worth : NULL};

	call(o, c, &request, out);
}

static bool escaped_append(struct buffer *out, const char *text)
{
	bool good = true;

	for (; *text && good; text++) {
		bool plain = isalnum((unsigned char)*text) || strchr("-._~", *text);
		good = ok(plain ? buffer_format(out, "%c", *text)
				: buffer_format(out, "%%%02X", (unsigned char)*text));
	}
	return good;
}

char *client_path(const char *path, ...)
{
	struct buffer out = {0};
	const char *name, *between = "?";
	bool good = ok(buffer_append_text(&out, path));
	va_list arguments;
	char *text;

	va_start(arguments, path);
	while (good && (name = va_arg(arguments, const char *))) {
		const char *value = va_arg(arguments, const char *);
		if (!value)
			continue;
		good = ok(buffer_format(&out, "%s%s=", between, name)) && escaped_append(&out, value);
		between = "&";
	}
	va_end(arguments);
	text = strdup(buffer_text(&out));
	buffer_free(&out);
	return text;
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

uint64_t json_number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

char *json_list(const json_t *array)
{
	struct buffer out = {0};
	const json_t *one;
	char *text;
	size_t i;

	json_array_foreach(array, i, one)
	{
		const char *item = json_string_value(one);
		if (!ok(buffer_format(&out, "%s%s", i ? ", " : "", item ? item : "?")))
			break;
	}
	text = strdup(buffer_text(&out));
	buffer_free(&out);
	return text;
}

const char *time_short(char *to, const char *time)
{
	snprintf(to, 32, "%.19s", *time ? time : "-");
	if (strlen(to) == 19 && to[10] == 'T')
		to[10] = ' ';
	return to;
}

enum exit_code json_show(const json_t *json)
{
	int failed = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);

	putchar('\n');
	return failed ? REFUSED : DONE;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may speak to us. Any program of this machine, and any page in the person's browser, can reach the port;
 * only the browser that was given the token's address gets the cookie, and only our own page is believed.
 */
#include "gateway/ctl/ui.h"

#include <event2/keyvalq_struct.h>
#include <openssl/crypto.h>
#include <stdio.h>

static void secret_make(char to[SECRET_TEXT])
{
	uint8_t bytes[SECRET_BYTES];

	random_bytes(bytes, sizeof bytes);
	hex_format(to, span_of(bytes, sizeof bytes));
	OPENSSL_cleanse(bytes, sizeof bytes);
}

/* In a time that tells nothing of where they differ. "" is nobody's. */
static bool secret_is(const char *secret, const char *text, size_t n)
{
	return *secret && n == SECRET_TEXT - 1 && CRYPTO_memcmp(secret, text, n) == 0;
}

void session_invite(struct ui *ui)
{
	secret_make(ui->session.token);
	if (ui->o->json)
		printf("{\"url\":\"http://127.0.0.1:%u/?token=%s\"}\n", ui->port, ui->session.token);
	else
		printf("Open this in your browser; it works once:\n\n  http://127.0.0.1:%u/?token=%s\n\n",
			ui->port, ui->session.token);
	fflush(stdout);
}

static const char *header(struct evhttp_request *request, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

/* A name that somebody else's DNS makes lead here is still not ours. */
static bool host_is_ours(const struct ui *ui, const char *host)
{
	char ours[2][32];

	snprintf(ours[0], sizeof ours[0], "127.0.0.1:%u", ui->port);
	snprintf(ours[1], sizeof ours[1], "localhost:%u", ui->port);
	return host && (strcmp(host, ours[0]) == 0 || strcmp(host, ours[1]) == 0);
}

/* The browser says where a request comes from; only a page of the same address is ours. */
static bool origin_is_ours(struct evhttp_request *request, bool post)
{
	const char *origin = header(request, "Origin"), *site = header(request, "Sec-Fetch-Site");

	if (origin ? strncmp(origin, "http://", 7) != 0 || strcmp(origin + 7, header(request, "Host")) != 0
		   : post)
		return false;
	return !site || strcmp(site, "same-origin") == 0 || (!post && strcmp(site, "none") == 0);
}

bool request_is_ours(struct ui *ui, struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	bool post = evhttp_request_get_command(request) == EVHTTP_REQ_POST;

	if (!uri || evhttp_uri_get_scheme(uri) || evhttp_uri_get_host(uri))
		serve_refuse(request, 400, "this is no proxy: ask for a path");
	else if (!host_is_ours(ui, header(request, "Host")))
		serve_refuse(request, 403, "the name in the address is not this one's: use 127.0.0.1");
	else if (!origin_is_ours(request, post))
		serve_refuse(request, 403, "asked for by a page of another site");
	else
		return true;
	return false;
}

/* Cookies are kept by name and host, not by port. */
static void cookie_name(const struct ui *ui, char to[32])
{
	snprintf(to, 32, "anprctl-%u", ui->port);
}

static bool cookie_is_right(const struct ui *ui, const char *cookies)
{
	char name[32];
	size_t n;

	cookie_name(ui, name);
	n = strlen(name);
	while (cookies && *cookies) {
		size_t all = strcspn(cookies, ";");
		if (all > n && strncmp(cookies, name, n) == 0 && cookies[n] == '=' &&
			secret_is(ui->session.cookie, cookies + n + 1, all - n - 1))
			return true;
		cookies += all;
		cookies += strspn(cookies, "; ");
	}
	return false;
}

/* The token of "/?token=..."; NULL = it is another address. */
static const char *token_of(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);

	return path && strcmp(path, "/") == 0 && query && strncmp(query, "token=", 6) == 0 ? query + 6 : NULL;
}

/* The address in the browser's history is of no use to anybody: the token is gone. */
static void welcome(struct ui *ui, struct evhttp_request *request)
{
	static const struct api_about about = {.content_type = "text/plain; charset=utf-8"};
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	char name[32], cookie[160];

	ui->session.token[0] = 0;
	secret_make(ui->session.cookie);
	cookie_name(ui, name);
	snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict", name, ui->session.cookie);
	evhttp_add_header(headers, "Set-Cookie", cookie);
	evhttp_add_header(headers, "Location", "/");
	serve_reply(request, 303, &about, span_text("Go on at /\n"));
	OPENSSL_cleanse(cookie, sizeof cookie);
}

bool session_admits(struct ui *ui, struct evhttp_request *request)
{
	const char *token = token_of(request);
	bool get = evhttp_request_get_command(request) == EVHTTP_REQ_GET;

	if (token && get && secret_is(ui->session.token, token, strlen(token))) {
		welcome(ui, request);
		return false;
	}
	if (cookie_is_right(ui, header(request, "Cookie")))
		return true;
	serve_refuse(request, 401,
		token ? "this address was used already, or replaced by a newer one. For a new one press "
			"Enter where 'anprctl ui' runs, or start it again"
		      : "open the address that 'anprctl ui' printed. For a new one press Enter where it "
			"runs, or start it again");
	return false;
}

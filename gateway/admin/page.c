/* SPDX-License-Identifier: Apache-2.0
 *
 * The page's files, as they are in the program: gateway/admin/page. They hold nothing of anybody; what the
 * page shows it asks of the API.
 */
#include "gateway/admin/page.h"

#include "gateway/admin/server.h"

#include <event2/buffer.h>

/* What is under the name of its content never changes. No cache on the way may keep it: who asks is looked
 * at. */
#define FOR_GOOD "private, max-age=31536000, immutable"

/* Nothing but what this server serves, no code or style within the document, no frame around it, and no text
 * that becomes markup. */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
	"trusted-types 'none'";

static const struct page_file *find(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	for (const struct page_file *f = page_files; path && f->path; f++)
		if (strcmp(f->path, path) == 0)
			return f;
	return NULL;
}

static void headers(struct evhttp_request *request, const struct page_file *f)
{
	struct evkeyvalq *to = evhttp_request_get_output_headers(request);

	request_headers(request, f->type);
	if (strcmp(f->path, "/") != 0) {
		evhttp_remove_header(to, "Cache-Control");
		evhttp_add_header(to, "Cache-Control", FOR_GOOD);
	}
	evhttp_add_header(to, "Content-Security-Policy", policy);
	evhttp_add_header(to, "Referrer-Policy", "no-referrer");
	evhttp_add_header(to, "Cross-Origin-Opener-Policy", "same-origin");
	evhttp_add_header(to, "Cross-Origin-Resource-Policy", "same-origin");
	evhttp_add_header(to, "X-Frame-Options", "DENY");
}

bool page_serve(struct evhttp_request *request)
{
	const struct page_file *f = find(request);
	struct evbuffer *out = f ? evbuffer_new() : NULL;

	if (!f)
		return false;
	if (evhttp_request_get_command(request) != EVHTTP_REQ_GET) {
		request_refuse(request, 405, "GET the page, or POST to the API under /v1/");
	} else if (!out || evbuffer_add_reference(out, f->bytes, f->n, NULL, NULL) != 0) {
		request_refuse(request, 503, "out of memory; again in a moment");
	} else {
		headers(request, f);
		evhttp_send_reply(request, 200, NULL, out);
	}
	if (out)
		evbuffer_free(out);
	return true;
}

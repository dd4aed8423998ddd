/* SPDX-License-Identifier: Apache-2.0
 *
 * curl's own parser does the work, so that what is checked here is what it connects to.
 */
#include "gateway/http/url.h"

#include <curl/curl.h>

static void url_drop(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void text_drop(char **text)
{
	curl_free(*text);
}

static bool has_part(CURLU *u, CURLUPart which)
{
	CLEANUP(text_drop) char *part = NULL;

	return curl_url_get(u, which, &part, 0) == CURLUE_OK && part && part[0];
}

static struct status parse(CURLU *u, const char *base)
{
	CLEANUP(text_drop) char *scheme = NULL;

	REQUIRE(u && curl_url_set(u, CURLUPART_URL, base, CURLU_DISALLOW_USER) == CURLUE_OK, S_BAD_INPUT);
	REQUIRE(curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && strcmp(scheme, "https") == 0,
		S_BAD_INPUT);
	return has_part(u, CURLUPART_HOST) ? S_OK : S_BAD_INPUT;
}

bool url_is_good(const char *url)
{
	CLEANUP(url_drop) CURLU *u = curl_url();

	return ok(parse(u, url));
}

static struct status print(CURLU *u, struct buffer *out)
{
	CLEANUP(text_drop) char *text = NULL;

	REQUIRE(curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK, S_BAD_INPUT);
	out->n = 0;
	TRY(buffer_append_text(out, text));
	(void)buffer_text(out); /* its zero */
	return S_OK;
}

struct status url_with_query(const char *base, const char *name, struct span value, struct buffer *out)
{
	CLEANUP(url_drop) CURLU *u = curl_url();
	/* Not CURLU_URLENCODE: it writes a blank as '+', which not every server reads as one. */
	CLEANUP(text_drop)
	char *escaped = value.n <= 4096 ? curl_easy_escape(NULL, (const char *)value.p, (int)value.n) : NULL;
	CLEANUP(buffer_free) struct buffer pair = {0};

	TRY(parse(u, base));
	REQUIRE(escaped && value.n > 0, S_BAD_INPUT); /* a length of 0 would mean strlen */
	TRY(buffer_format(&pair, "%s=%s", name, escaped));
	REQUIRE(curl_url_set(u, CURLUPART_QUERY, buffer_text(&pair), CURLU_APPENDQUERY) == CURLUE_OK,
		S_BAD_INPUT);
	return print(u, out);
}

struct status url_with_path(const char *base, const char *path, struct buffer *out)
{
	CLEANUP(url_drop) CURLU *u = curl_url();

	TRY(parse(u, base));
	REQUIRE(path[0] == '/' && path[1] != '/', S_BAD_INPUT);
	REQUIRE(curl_url_set(u, CURLUPART_URL, path, 0) == CURLUE_OK, S_BAD_INPUT);
	return print(u, out);
}

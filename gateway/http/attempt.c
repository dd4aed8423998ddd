/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting one request up, and keeping what comes back.
 */
#include "gateway/http/attempt.h"

#include "gateway/http/response.h"
#include "gateway/http/url.h"

static size_t on_body(char *bytes, size_t one, size_t n, void *self)
{
	struct attempt *a = self;

	(void)one;
	return ok(buffer_append(&a->body, span_of(bytes, n))) ? n : 0;
}

static CURLcode set_body(struct attempt *a, const struct api_request *request)
{
	CLEANUP(buffer_free) struct buffer type = {0};
	CURLcode failed = CURLE_OK;

	if (!request->content_type)
		return CURLE_OK;
	if (!ok(buffer_format(&type, "Content-Type: %s", request->content_type)))
		return CURLE_OUT_OF_MEMORY;
	a->headers = curl_slist_append(NULL, buffer_text(&type));
	/* No waiting for a '100 Continue' that few servers send. */
	if (!a->headers || !curl_slist_append(a->headers, "Expect:"))
		return CURLE_OUT_OF_MEMORY;
	failed |= curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->headers);
	failed |= curl_easy_setopt(
		a->easy, CURLOPT_POSTFIELDS, request->body.n > 0 ? (const char *)request->body.p : "");
	failed |= curl_easy_setopt(a->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
	return failed;
}

static struct status set_up(struct attempt *a, const struct api_request *request, bool kept)
{
	CURLcode failed = set_body(a, request);

	if (kept)
		failed |= curl_easy_setopt(a->easy, CURLOPT_FORBID_REUSE, 0L);
	failed |= curl_easy_setopt(a->easy, CURLOPT_CUSTOMREQUEST, request->method);
	failed |= curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, on_body);
	failed |= curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, a);
	failed |= curl_easy_setopt(a->easy, CURLOPT_PRIVATE, a);
	return failed == CURLE_OK ? S_OK : S_FAULT;
}

struct status attempt_start(struct attempt *a, CURLM *multi, const struct api *api, const char *url,
	const struct api_request *request)
{
	CLEANUP(buffer_free) struct buffer whole = {0};

	a->body.max = API_BODY_MAX;
	TRY(url_with_path(url, request->path, &whole));
	a->easy = easy_new(buffer_text(&whole), &api->tls);
	REQUIRE(a->easy, S_FAULT);
	TRY(set_up(a, request, api->pool != NULL));
	REQUIRE(curl_multi_add_handle(multi, a->easy) == CURLM_OK, S_FAULT);
	a->state = ATTEMPT_RUNNING;
	return S_OK;
}

static const char *trouble_of(enum stream_state state)
{
	switch (state) {
	case STREAM_BAD_URL:
		return "the address is not an https URL";
	case STREAM_UNREACHABLE:
		return "it cannot be reached";
	case STREAM_UNTRUSTED:
		return "its certificate is not to be trusted";
	case STREAM_OWN_KEY:
		return "the certificate, key or CA given cannot be used";
	case STREAM_HANDSHAKE:
		return "the TLS handshake failed; perhaps the certificate given was refused";
	case STREAM_BAD_RESPONSE:
		return "what answers there does not speak HTTP";
	case STREAM_NONE:
	case STREAM_RUNNING:
	case STREAM_ENDED:
	case STREAM_STATUS:
	case STREAM_DECLINED:
	case STREAM_BROKEN:
		break;
	}
	return "the connection broke";
}

static void header_take(CURL *easy, const char *name, char *to, size_t cap)
{
	struct curl_header *header;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
		strlen(header->value) < cap)
		memcpy(to, header->value, strlen(header->value) + 1);
}

void attempt_end(struct attempt *a, CURLcode result)
{
	long status = 0;

	curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	a->status = (int)status;
	header_take(a->easy, "Content-Type", a->about.content_type, sizeof a->about.content_type);
	header_take(a->easy, "Content-Security-Policy", a->about.policy, sizeof a->about.policy);
	a->state = result == CURLE_OK ? ATTEMPT_ANSWERED : ATTEMPT_FAILED;
	a->trouble =
		result == CURLE_WRITE_ERROR ? "the answer is too long" : trouble_of(response_meaning(result));
}

void attempt_free(struct attempt *a, CURLM *multi)
{
	if (a->easy) {
		curl_multi_remove_handle(multi, a->easy);
		curl_easy_cleanup(a->easy);
	}
	curl_slist_free_all(a->headers);
	buffer_free(&a->body);
}

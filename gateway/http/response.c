/* SPDX-License-Identifier: Apache-2.0
 *
 * curl's callbacks for a stream: headers are counted and judged, the body is handed on, and what became of it
 * all is put into our own words. Nothing the other end said gets into them.
 */
#include "gateway/http/response.h"

#include <strings.h>

#define HEADERS_MAX (32u << 10)
#define CHUNK       (16L << 10) /* also CURL_MAX_WRITE_SIZE, which caps a body callback */

static bool stop(struct stream *s, enum stream_state why)
{
	s->refused = why;
	return false;
}

/* The headers are whole: is this what was asked for? */
static bool begin(struct stream *s)
{
	long status = 0;
	curl_off_t retry = 0;
	const char *type = NULL;

	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 100 && status < 200)
		return true;
	s->began = true;
	s->status = (int)status;
	curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &retry);
	s->retry_after_s = retry > 0 && retry < 86400 ? (int)retry : 0;
	if (status != 200)
		return stop(s, STREAM_STATUS);
	if (s->encoded)
		return stop(s, STREAM_BAD_RESPONSE);
	curl_easy_getinfo(s->easy, CURLINFO_CONTENT_TYPE, &type);
	return s->events->began(s->events->self, type ? type : "") || stop(s, STREAM_DECLINED);
}

static bool is_encoding(const char *line, size_t n)
{
	static const char name[] = "content-encoding:";

	return n >= sizeof name - 1 && strncasecmp(line, name, sizeof name - 1) == 0;
}

static size_t on_header(char *line, size_t one, size_t n, void *self)
{
	struct stream *s = self;
	bool last = (n == 2 && line[0] == '\r' && line[1] == '\n') || (n == 1 && line[0] == '\n');
	bool good = true;

	(void)one;
	s->header_bytes += n;
	s->encoded |= is_encoding(line, n);
	if (s->header_bytes > HEADERS_MAX)
		good = stop(s, STREAM_BAD_RESPONSE);
	else if (last && !s->began) /* what comes later are trailers */
		good = begin(s);
	return good ? n : 0;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *self)
{
	struct stream *s = self;
	bool good = s->began && s->events->body(s->events->self, span_of(bytes, n));

	(void)one;
	if (!good)
		stop(s, s->began ? STREAM_DECLINED : STREAM_BAD_RESPONSE);
	return good ? n : 0;
}

struct status response_expect(struct stream *s)
{
	CURLcode failed = CURLE_OK;

	s->refused = STREAM_NONE;
	s->header_bytes = 0;
	s->began = s->encoded = false;
	s->status = s->retry_after_s = 0;
	failed |= curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_header);
	failed |= curl_easy_setopt(s->easy, CURLOPT_HEADERDATA, s);
	failed |= curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
	failed |= curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
	failed |= curl_easy_setopt(s->easy, CURLOPT_BUFFERSIZE, CHUNK);
	return failed == CURLE_OK ? S_OK : S_FAULT;
}

enum stream_state response_meaning(CURLcode result)
{
	static const struct {
		CURLcode code;
		enum stream_state state;
	} meanings[] = {
		{CURLE_OK, STREAM_ENDED},
		{CURLE_URL_MALFORMAT, STREAM_BAD_URL},
		{CURLE_UNSUPPORTED_PROTOCOL,
			STREAM_BAD_RESPONSE} /* HTTP/0.9: addresses were looked at before */,
		{CURLE_COULDNT_RESOLVE_HOST, STREAM_UNREACHABLE},
		{CURLE_COULDNT_CONNECT, STREAM_UNREACHABLE},
		{CURLE_OPERATION_TIMEDOUT, STREAM_UNREACHABLE},
		{CURLE_PEER_FAILED_VERIFICATION, STREAM_UNTRUSTED},
		{CURLE_SSL_ISSUER_ERROR, STREAM_UNTRUSTED},
		{CURLE_SSL_INVALIDCERTSTATUS, STREAM_UNTRUSTED},
		{CURLE_SSL_CERTPROBLEM, STREAM_OWN_KEY},
		{CURLE_SSL_CACERT_BADFILE, STREAM_OWN_KEY},
		{CURLE_SSL_CONNECT_ERROR, STREAM_HANDSHAKE},
		{CURLE_SSL_CIPHER, STREAM_HANDSHAKE},
		{CURLE_WEIRD_SERVER_REPLY, STREAM_BAD_RESPONSE},
	};

	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		if (meanings[i].code == result)
			return meanings[i].state;
	}
	return STREAM_BROKEN;
}

enum stream_state response_end(const struct stream *s, CURLcode result)
{
	return s->refused != STREAM_NONE ? s->refused : response_meaning(result);
}

const char *stream_state_text(enum stream_state state)
{
	switch (state) {
	case STREAM_NONE:
		return "not connected";
	case STREAM_RUNNING:
		return "connected";
	case STREAM_ENDED:
		return "the partner ended the response";
	case STREAM_BAD_URL:
		return "the address is not an https URL";
	case STREAM_UNREACHABLE:
		return "the partner cannot be reached";
	case STREAM_UNTRUSTED:
		return "the partner's certificate is not to be trusted";
	case STREAM_OWN_KEY:
		return "our own certificate, key or CA cannot be used";
	case STREAM_HANDSHAKE:
		return "the TLS handshake failed";
	case STREAM_STATUS:
		return "the partner answered with an error";
	case STREAM_BAD_RESPONSE:
		return "the partner's response is not usable HTTP";
	case STREAM_DECLINED:
		return "the partner's response is not what was asked for";
	case STREAM_BROKEN:
		return "the connection broke";
	}
	return "unknown";
}

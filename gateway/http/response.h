/* SPDX-License-Identifier: Apache-2.0
 *
 * The two views of one stream inside this folder: what drives it and what takes in its response.
 */
#ifndef ANPR_HTTP_RESPONSE_H
#define ANPR_HTTP_RESPONSE_H

#include "gateway/http/easy.h"
#include "gateway/http/stream.h"

struct stream {
	const struct http_tls *tls;
	const struct stream_events *events;
	CURLM *multi;
	CURL *easy; /* NULL = none runs */
	struct curl_slist *headers;
	enum stream_state state;
	enum stream_state refused; /* why a callback stopped the transfer */
	size_t header_bytes;
	bool began, encoded;
	int status, retry_after_s;
};

/* Whatever a stream's response needs, set on its handle. errors: FAULT. */
MUST struct status response_expect(struct stream *s);
/* What curl's result means by itself. */
enum stream_state response_meaning(CURLcode result);
/* The same, or why a callback ended it. */
enum stream_state response_end(const struct stream *s, CURLcode result);

#endif

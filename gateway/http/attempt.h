/* SPDX-License-Identifier: Apache-2.0
 *
 * One node asked once, for api.c.
 */
#ifndef ANPR_HTTP_ATTEMPT_H
#define ANPR_HTTP_ATTEMPT_H

#include "gateway/http/api.h"
#include "gateway/http/easy.h"

enum attempt_state { ATTEMPT_NONE = 0, ATTEMPT_RUNNING, ATTEMPT_ANSWERED, ATTEMPT_FAILED };

struct attempt {
	enum attempt_state state;
	CURL *easy;
	struct curl_slist *headers;
	struct buffer body;
	struct api_about about;
	int status;
	const char *trouble; /* of a failed one */
};

/* errors: BAD_INPUT: the address; FAULT. */
MUST struct status attempt_start(struct attempt *a, CURLM *multi, const struct api *api, const char *url,
	const struct api_request *request);
/* It is over. */
void attempt_end(struct attempt *a, CURLcode result);
void attempt_free(struct attempt *a, CURLM *multi);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * One request to whichever node of a gateway answers: nodes are asked in turn, without giving up on those
 * asked before, until one answers well enough or the time is over. It knows nothing of what is asked.
 */
#ifndef ANPR_HTTP_API_H
#define ANPR_HTTP_API_H

#include "gateway/base/buffer.h"
#include "gateway/http/tls.h"

#define API_NODES_MAX 16
#define API_BODY_MAX  (64u << 20)

/* Connections that outlive a call, for whoever asks the same nodes as the same person again: a TLS handshake
 * each takes longer than most answers. thread: any. */
struct api_pool;
struct api_pool *api_pool_new(void); /* NULL: out of memory */
void api_pool_free(struct api_pool *p);

/* Borrowed. */
struct api {
	const char *const *urls; /* "https://host:port", in the order they are to be asked */
	size_t n_urls;           /* at most API_NODES_MAX are asked */
	struct http_tls tls;
	struct api_pool *pool; /* NULL = each call connects for itself */
};

/* What an answer is worth. Of several the greatest is taken, of equal ones the first. */
enum {
	API_WORTHLESS = 0, /* as good as none */
	API_FINAL = 100,   /* nobody else need be asked */
};

struct api_request {
	const char *method;       /* "GET", "POST" */
	const char *path;         /* with query, escaped */
	const char *content_type; /* of the body; NULL = there is no body */
	struct span body;
	int timeout_ms;    /* in all */
	int next_after_ms; /* ask the next node too when none has answered for so long; 0 = only after a
			    * failure. A node that answered less than final is followed by the next at once.
			    * The same request may so be carried out on several nodes: it has to be idempotent
			    */
	/* NULL: an answer below 500 is final, any other worth 1. */
	int (*worth)(void *self, int status, struct span body);
	void *self;
};

/* What an answer says of its body; "" where it says nothing, or more than fits. */
struct api_about {
	char content_type[128];
	char policy[1024]; /* Content-Security-Policy */
};

struct api_answer {
	int status; /* HTTP; 0 = nobody answered */
	struct buffer body;
	struct api_about about;
	size_t node;         /* whose, of urls */
	const char *trouble; /* why nobody answered, of the node asked first; fixed words */
};

/* errors: RETRY: nobody answered (out->trouble says why); BAD_INPUT: an address or path is none; FAULT.
 * Free the answer in any case. thread: any; blocks. */
MUST struct status api_call(const struct api *api, const struct api_request *request, struct api_answer *out);
void api_answer_free(struct api_answer *a);

#endif

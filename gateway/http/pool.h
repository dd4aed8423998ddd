/* SPDX-License-Identifier: Apache-2.0
 *
 * Handles for api.c. Nobody else includes it.
 */
#ifndef ANPR_HTTP_POOL_H
#define ANPR_HTTP_POOL_H

#include "gateway/http/api.h"

#include <curl/curl.h>

/* p: NULL = none, then each is new and not kept. NULL: out of memory. */
CURLM *pool_take(struct api_pool *p);
/* With no request under way. */
void pool_give(struct api_pool *p, CURLM *multi);

#endif

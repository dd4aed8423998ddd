/* SPDX-License-Identifier: Apache-2.0
 *
 * What every request of ours has in common. For this folder only: curl's types stay in it.
 */
#ifndef ANPR_HTTP_EASY_H
#define ANPR_HTTP_EASY_H

#include "gateway/base/status.h"
#include "gateway/http/tls.h"

#include <curl/curl.h>

#define HTTP_CONNECT_TIMEOUT_MS 10000L

/* Before anything else of curl's. thread: any. */
void easy_begin(void);

/* A handle that speaks HTTPS only, TLS 1.2 or later, to whoever `tls` trusts, with no redirect, proxy,
 * cookie, netrc, decompression, or connection kept unless it is allowed afterwards. NULL when something is
 * not supported by this curl: never half of it. */
CURL *easy_new(const char *url, const struct http_tls *tls);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Who we are and whom we trust on an HTTPS connection.
 */
#ifndef ANPR_HTTP_TLS_H
#define ANPR_HTTP_TLS_H

#include "gateway/base/span.h"

/* PEM, borrowed for as long as whatever was made with it lives. */
struct http_tls {
	struct span ca;   /* the only certificates trusted; the system's own never are */
	struct span cert; /* ours, with its chain; empty = none */
	struct span key;
};

#endif

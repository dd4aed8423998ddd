/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses: checking them, and adding to their query.
 */
#ifndef ANPR_HTTP_URL_H
#define ANPR_HTTP_URL_H

#include "gateway/base/buffer.h"

/* Whether it is an https URL with a host and without a user. */
bool url_is_good(const char *url);
/* `base` with `name=value` added to whatever query it has, into `out` as a C string. `value` is escaped,
 * `name` is ours. errors: BAD_INPUT unless `base` is good. */
MUST struct status url_with_query(const char *base, const char *name, struct span value, struct buffer *out);
/* `base` with `path` (which may have a query) in place of its own; errors as above. */
MUST struct status url_with_path(const char *base, const char *path, struct buffer *out);

#endif

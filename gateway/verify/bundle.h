/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence bundles (bundle.proto): written record by record, and read as a source of records to verify.
 */
#ifndef ANPR_VERIFY_BUNDLE_H
#define ANPR_VERIFY_BUNDLE_H

#include "gateway/verify/verify.h"

#include "anpr/v1/bundle.pb-c.h"

#include <stdio.h>

/* The start of a bundle. errors: RETRY: it cannot be written */
MUST struct status bundle_begin(FILE *to, const Anpr__V1__BundleHeader *header);
MUST struct status bundle_add(
	FILE *to, const char *topic, int32_t partition, const struct verify_record *record);

/* A bundle as a source. */
struct bundle;
/* errors: BAD_INPUT: it cannot be read, or is no bundle, with where in `e` */
MUST struct status bundle_open(const char *path, struct bundle **out, struct error *e);
const struct verify_source *bundle_source(const struct bundle *b);
/* The names its topics have; borrowed. */
const struct verify_topics *bundle_topics(const struct bundle *b);
void bundle_close(struct bundle *b); /* NULL is fine */

#endif

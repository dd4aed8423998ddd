/* SPDX-License-Identifier: Apache-2.0
 *
 * A Kafka cluster as a source of records to verify.
 */
#ifndef ANPR_CTL_RECORDS_H
#define ANPR_CTL_RECORDS_H

#include "gateway/kafka/kafka.h"
#include "gateway/verify/verify.h"

struct records;

/* `config` is borrowed. A topic that this certificate may not read counts as not here. NULL: out of memory.
 */
struct records *records_new(const struct kafka_config *config);
const struct verify_source *records_source(const struct records *r);
/* Topics that could not be read, with a ',' between; "" = none. Borrowed. */
const char *records_unreadable(struct records *r);
void records_free(struct records *r);

#endif

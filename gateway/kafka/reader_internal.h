/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by reader.c, watermarks.c and end.c. Nobody else includes it.
 */
#ifndef ANPR_KAFKA_READER_INTERNAL_H
#define ANPR_KAFKA_READER_INTERNAL_H

#include "gateway/kafka/client.h"
#include "gateway/kafka/reader.h"

#define READER_FOLLOW_WAIT_MS                                                                                \
	"50" /* for one that stands: how late the end is told, against requests while idle */
#define READER_END_WAIT_MS "10" /* for one that reads to the end and is gone */

struct reader_place {
	const char *topic;
	int32_t partition;
	int64_t offset;
};

struct status reader_open_waiting(const struct kafka_config *config, const struct reader_place *place,
	const char *wait_ms, struct reader **out, struct error *e);
const struct kafka_config *watermarks_config(const struct watermarks *w);

#endif

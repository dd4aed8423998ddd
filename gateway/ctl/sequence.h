/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule by which a consumer checks for itself that it misses nothing: numbers of a partner in a partition
 * of a topic follow each other without a gap. Private to this folder.
 */
#ifndef ANPR_CTL_SEQUENCE_H
#define ANPR_CTL_SEQUENCE_H

#include "proto/read.h"

struct sequences;

struct sequences *sequences_new(void);
void sequences_free(struct sequences *s);
/* Take the next read of the partition. false: something is missing or there twice; `words` says what. */
bool sequences_take(struct sequences *s, const char *topic, int32_t partition, const struct shared_read *read,
	char *words, size_t cap);
/* A record that cannot be read: the check has failed. */
void sequences_spoil(struct sequences *s);
/* What was checked, in words; whether all was well. */
bool sequences_sum(const struct sequences *s, char *words, size_t cap);

#endif

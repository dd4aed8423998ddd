/* SPDX-License-Identifier: Apache-2.0
 *
 * The frames a source takes and gives, without the generated code.
 */
#ifndef ANPR_SOURCE_MESSAGES_H
#define ANPR_SOURCE_MESSAGES_H

#include "gateway/base/arena.h"
#include "gateway/base/buffer.h"
#include "gateway/http/tls.h"
#include "proto/read.h"

/* Numbers as in frame.proto. */
enum source_state {
	SOURCE_STATE_UNSPECIFIED = 0,
	SOURCE_STATE_IDLE,
	SOURCE_STATE_CONNECTING,
	SOURCE_STATE_STREAMING,
	SOURCE_STATE_WAITING,
};

struct source_setup {
	const char *partner, *url; /* in the arena, as all of it */
	struct http_tls tls;
};

struct source_start {
	uint64_t epoch;
	char after[READ_CURSOR_MAX + 1]; /* empty = none */
	int64_t since_ms;                /* where `after` is empty: UTC; 0 = from the oldest */
};

struct source_report {
	enum source_state state;
	const char *detail; /* our own words */
	uint64_t retry_in_ms, bytes, epoch;
	bool gap;
};

/* errors: BAD_INPUT. */
MUST struct status source_setup_decode(struct span body, struct arena *arena, struct source_setup *out);
MUST struct status source_start_decode(struct span body, struct source_start *out);
/* Append. */
MUST struct status source_report_encode(const struct source_report *in, struct buffer *out);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetching from one partner: connect, listen, give up, wait, go on where it left off; told by the core when
 * and from where. A state machine that never blocks; what time it is comes from outside.
 */
#ifndef ANPR_SOURCE_SESSION_H
#define ANPR_SOURCE_SESSION_H

#include "gateway/http/stream.h"
#include "gateway/source/backoff.h"
#include "gateway/source/decode.h"
#include "gateway/source/gather.h"
#include "gateway/source/messages.h"

#define SESSION_SILENCE_MS 30000 /* DESIGN.md 5.1: a heartbeat every 15 s, and one may be lost */
#define SESSION_REPORT_MS  5000
#define SESSION_HELD_AT    (1u << 20) /* bytes waiting for the core beyond which the partner is not read */

struct session {
	const char *url;      /* borrowed */
	struct channel *core; /* borrowed */
	struct stream *stream;
	struct stream_events events;
	struct decoder *decoder; /* of the response that runs; NULL = none */
	struct decode_sink sink;
	struct gather gather;
	struct buffer request;

	struct source_start start;
	bool oldest; /* the cursor is gone: ask for the oldest until there is a new one */
	bool gap;    /* and the core is yet to be told */

	enum source_state state;
	const char *trouble; /* fixed words, in place of the stream's own; NULL = none */
	char detail[96];
	struct backoff backoff;
	int64_t now_ms; /* monotonic, as all here */
	int64_t began_ms, heard_ms, retry_ms, reported_ms;
	uint64_t bytes;
	bool changed; /* since the last report */
};

/* setup and core are borrowed. errors: FAULT when out of memory. */
MUST struct status session_init(
	struct session *s, const struct source_setup *setup, struct channel *core, int64_t now_ms);
void session_fini(struct session *s);
/* Drop whatever runs and begin from there. */
void session_start(struct session *s, const struct source_start *start);
/* Drop whatever runs, reads not yet sent included: the core asks for them again if it wants them. */
void session_stop(struct session *s);
/* Whether the partner is not to be read now, because the core does not keep up. */
bool session_is_held(const struct session *s);
/* How long nothing needs to be done unless something comes. */
int session_wait_ms(const struct session *s, int64_t now_ms);
/* Do what is to be done. errors: REFUSED: the core is gone. */
MUST struct status session_step(struct session *s, int64_t now_ms);

#endif

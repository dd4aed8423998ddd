/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that may not come back. Some of librdkafka's have been seen to outstay their time-out, so they are
 * made on a thread of their own; whoever asked waits only so long, and leaves thread and handle to each other
 * after that.
 */
#ifndef ANPR_KAFKA_BOUND_H
#define ANPR_KAFKA_BOUND_H

#include <stdbool.h>

struct bound;
typedef void bound_call_fn(void *context);

/* NULL where the system gives no thread. */
struct bound *bound_new(void);
/* Have `call` made on the thread. One at a time: not before bound_wait has said true of the one before. */
void bound_start(struct bound *b, bound_call_fn *call, void *context);
/* true: the call has returned. thread: the one that started it. */
bool bound_wait(struct bound *b, int timeout_ms);
/* Both: what `call` was given must stay valid until it returns, however late that is. */
bool bound_run(struct bound *b, bound_call_fn *call, void *context, int timeout_ms);
/* Have `last` made after whatever is still running, and end the thread. Waits at most timeout_ms for both;
 * what takes longer goes on alone. `last` (may be NULL) frees what the calls used; `b` is gone for the
 * caller. */
void bound_end(struct bound *b, bound_call_fn *last, void *context, int timeout_ms);

#endif

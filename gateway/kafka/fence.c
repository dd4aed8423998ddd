/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking a transactional id over in a hurry. While a transaction of the id's earlier owner is being aborted
 * the broker answers CONCURRENT_TRANSACTIONS, and librdkafka then waits 500 ms, which no setting shortens,
 * before it asks again; the abort takes a tenth of that. So the handle is thrown away and a new one asks.
 */
#include "gateway/kafka/producer_internal.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"

#define SLICE_MS   20
#define HEDGES     6 /* then there is something else in the way: wait as librdkafka does */
#define TOPICS_MIN 200

/* OK; WAIT: it meets a transaction in flight; RETRY: out of time; REFUSED. */
static struct status attempt(struct producer *p, int64_t until, bool patient, struct error *e)
{
	rd_kafka_resp_err_t why = RD_KAFKA_RESP_ERR__TIMED_OUT;

	while (clock_monotonic_ms() < until) {
		struct status status = producer_init_slice(p, SLICE_MS, &why, e);

		if (status.kind != STATUS_WAIT)
			return status;
		if (why == RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS && !patient)
			return S_WAIT;
	}
	return producer_over(p, "taking the transactional id", why, NULL, e);
}

struct status producer_fence(const struct kafka_config *config, const char *transactional_id,
	const char *const *topics, int timeout_ms, struct producer **out, struct error *e)
{
	int64_t until = clock_monotonic_ms() + timeout_ms, left;
	struct producer *p;

	for (int hedge = 0;; hedge++) {
		struct status status;

		TRY(producer_open(config, transactional_id, &p, e));
		status = attempt(p, until, hedge == HEDGES, e);
		if (ok(status))
			break;
		log_debug("kafka fence hedged", "attempt=%d left_ms=%lld", hedge,
			(long long)(until - clock_monotonic_ms()));
		/* Before the next handle asks: a late request of this one would fence that. */
		producer_close(p);
		if (status.kind != STATUS_WAIT)
			return status;
	}
	left = until - clock_monotonic_ms();
	(void)ok(producer_learn(p, topics, left > TOPICS_MIN ? (int)left : TOPICS_MIN, NULL));
	*out = p;
	return S_OK;
}

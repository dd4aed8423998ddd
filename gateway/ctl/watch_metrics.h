/* SPDX-License-Identifier: Apache-2.0
 *
 * What a watch (anprctl verify --follow) tells a Prometheus beside it.
 */
#ifndef ANPR_CTL_WATCH_METRICS_H
#define ANPR_CTL_WATCH_METRICS_H

#include "gateway/verify/verify.h"

struct watch_metrics;

/* Serve /metrics from a thread of its own.
 * shape   listen: "127.0.0.1:9464"
 * errors  BAD_INPUT with why: no such address, not a loopback one, or taken */
MUST struct status watch_metrics_start(const char *listen, struct watch_metrics **out, struct error *e);
/* What is told from now on. thread: the verification's. m may be NULL */
void watch_metrics_show(struct watch_metrics *m, const struct verification *v);
/* A round is over that began at `began_ms` (monotonic): all that was committed by then is checked, or it
 * failed. */
void watch_metrics_round(struct watch_metrics *m, int64_t began_ms, bool whole);
void watch_metrics_stop(struct watch_metrics *m);

#endif

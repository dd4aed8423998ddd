/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may read the police topics now, and how long they keep, asked of the brokers for a report.
 */
#ifndef ANPR_CTL_READERS_H
#define ANPR_CTL_READERS_H

#include "gateway/ctl/access.h"
#include "gateway/report/report.h"

/* Ask, and hand the answer to the report; what cannot be known is told there with the reason. `access` NULL:
 * there is no cluster. heads: the topic's name. */
void readers_ask(
	struct report *r, const struct access *access, const struct verify_topics *topics, const char *heads);

#endif

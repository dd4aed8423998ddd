/* SPDX-License-Identifier: Apache-2.0
 *
 * Rights as the brokers tell them (gateway/kafka prints them as JSON): what they come to for readers. For
 * whoever shows them; nothing is decided by them here.
 */
#ifndef ANPR_GOVERNANCE_RIGHTS_H
#define ANPR_GOVERNANCE_RIGHTS_H

#include <jansson.h>
#include <stdbool.h>

/* Whether the right, or the denial, is about reading this topic. */
bool right_reads(const json_t *right, const char *topic);
/* Why what was told says nothing about anybody's rights, borrowed; NULL = it does. told: {"rights"} or
 * {"rights_problem"}. */
const char *rights_unknown(const json_t *told);

#endif

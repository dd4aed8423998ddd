/* SPDX-License-Identifier: Apache-2.0
 *
 * Small helpers of the views. Within governance only; the one header here that knows jansson.
 */
#ifndef ANPR_GOVERNANCE_VIEW_H
#define ANPR_GOVERNANCE_VIEW_H

#include "gateway/governance/state.h"

#include <jansson.h>

/* A text as JSON; NULL as null. */
json_t *view_text(const char *text);
/* RFC 3339; null where it is 0. */
json_t *view_time(struct utc_ms at);
json_t *view_number(uint64_t n);
json_t *view_texts(char *const *items, size_t n);
/* "read" ... of one class; NULL where it is none or several. */
const char *view_class(unsigned classes);
json_t *view_classes(unsigned classes);
/* "in_force" and so on: never NULL. */
const char *view_agreement_state(
	const struct policy_agreement_version *v, const struct agreement_facts *f, struct utc_ms now);
/* The JSON as text, the object freed. The caller frees the text. */
char *view_finish(json_t *json);
/* {"organisation", "subject"} of the one whose command entry `number` is; null where no person was. */
json_t *view_who(const struct governance *g, uint64_t number);
/* What differs (view_change.c); `ids`: with every camera that comes or goes. */
struct difference;
json_t *view_change(const struct difference *d, bool ids);

#endif

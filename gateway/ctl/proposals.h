/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposals as approve looks at them, too. Private to this folder.
 */
#ifndef ANPR_CTL_PROPOSALS_H
#define ANPR_CTL_PROPOSALS_H

#include "gateway/ctl/ctl.h"

#include <jansson.h>

/* The first argument as a proposal's number; told where it is none. */
enum exit_code proposal_number(const struct options *o, uint64_t *number);
/* GET one: an array of it. What fails is told. The caller decrefs. */
enum exit_code proposal_get(const struct options *o, uint64_t number, json_t **view);
/* What it would change of what is in force now. */
void proposal_change_print(const json_t *proposal);

#endif

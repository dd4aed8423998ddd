/* SPDX-License-Identifier: Apache-2.0
 *
 * A verb within a verb: anprctl policy diff. Private to this folder.
 */
#ifndef ANPR_CTL_POLICY_DIFF_H
#define ANPR_CTL_POLICY_DIFF_H

#include "gateway/ctl/ctl.h"

/* The arguments are `diff`, two files, and the register where these are agreements. */
enum exit_code policy_diff(const struct options *o);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The second half of `anprctl policy`. Private to this folder.
 */
#ifndef ANPR_CTL_POLICY_TEST_H
#define ANPR_CTL_POLICY_TEST_H

#include "gateway/ctl/ctl.h"

enum exit_code policy_test(struct options *o, const char **paths, size_t n);

#endif

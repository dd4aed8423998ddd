/* SPDX-License-Identifier: Apache-2.0
 *
 * What a trial counted, for people. Private to this folder.
 */
#ifndef ANPR_CTL_TRY_H
#define ANPR_CTL_TRY_H

#include <jansson.h>

/* The sums, by rule and reason; not by hour and camera. `view`: as GET /v1/trials gives it. */
void trial_print(const json_t *view);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proposal would change, for people. Private to this folder.
 */
#ifndef ANPR_CTL_CHANGE_H
#define ANPR_CTL_CHANGE_H

#include <jansson.h>

/* A line a difference; NULL and null print nothing. */
void change_print(const json_t *change);

#endif

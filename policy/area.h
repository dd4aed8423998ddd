/* SPDX-License-Identifier: Apache-2.0
 *
 * Places on the ground: inside a polygon, and how far apart.
 */
#ifndef ANPR_POLICY_AREA_H
#define ANPR_POLICY_AREA_H

#include "policy/agreement.h"

/* Whether the point lies in the polygon, by the even-odd rule on latitude and longitude as plane coordinates:
 * what people draw on a map. Fewer than three corners hold nothing. */
bool area_contains(const struct point *corners, size_t n, struct point at);

/* Metres between two points less than some kilometres apart (equirectangular, error under 0.1 %); very far
 * apart it is only known to be far. */
double area_distance_m(struct point a, struct point b);

#endif

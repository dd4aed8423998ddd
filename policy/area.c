/* SPDX-License-Identifier: Apache-2.0
 *
 * Polygons and distances.
 */
#include "policy/area.h"

#include <math.h>

#define METRES_A_DEGREE 111195.0 /* of a great circle of the mean earth, 6,371 km */

bool area_contains(const struct point *corners, size_t n, struct point at)
{
	bool inside = false;

	if (n < 3)
		return false;
	for (size_t i = 0, j = n - 1; i < n; j = i++) {
		struct point a = corners[i], b = corners[j];

		/* Each edge counts from its lower end up to, not including, its upper, so no corner counts
		 * twice. */
		if ((a.lat > at.lat) != (b.lat > at.lat) &&
			at.lon < (b.lon - a.lon) * (at.lat - a.lat) / (b.lat - a.lat) + a.lon)
			inside = !inside;
	}
	return inside;
}

double area_distance_m(struct point a, struct point b)
{
	double north = b.lat - a.lat;
	double east = remainder(b.lon - a.lon, 360) * cos((a.lat + b.lat) / 2 * (M_PI / 180));

	return METRES_A_DEGREE * sqrt(north * north + east * east);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a TZif file: refused, or read so that every moment has an offset within the week.
 */
#include "policy/zone.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const int64_t moments[] = {
		INT64_MIN, -1, 0, INT64_C(1795348800000), INT64_C(4102444800000), INT64_MAX};
	struct zone *z = NULL;

	if (!ok(zone_parse("fuzz", span_of(bytes, n), &z)))
		return 0;
	for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
		NEVER(!(zone_week_minute(z, (struct utc_ms){moments[i]}) < WEEK_MINUTES));
	zone_release(z);
	return 0;
}

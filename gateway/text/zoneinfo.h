/* SPDX-License-Identifier: Apache-2.0
 *
 * Time zones from the system's tz database: the one thing an agreement or a register needs that is not in its
 * text.
 */
#ifndef ANPR_TEXT_ZONEINFO_H
#define ANPR_TEXT_ZONEINFO_H

#include "policy/zone.h"

#define ZONEINFO_FOLDER "/usr/share/zoneinfo"

/* By IANA name, "Europe/London". The folder must be readable where agreements and registers are read.
 * errors: BAD_INPUT where there is no such zone */
struct status zoneinfo_load(struct span name, struct zone **out);

#endif

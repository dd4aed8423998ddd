/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding a zone's file.
 */
#include "gateway/text/zoneinfo.h"

#include "gateway/base/file.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 64
#define FILE_MAX_BYTES (64u << 10)

/* Names come from texts that people send: only those that cannot leave the folder. */
static bool name_is_safe(struct span name)
{
	static const char also[] = "/_+-";
	char before = '/';

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = (char)name.p[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if ((!letter && !memchr(also, c, sizeof also - 1)) || (before == '/' && !letter))
			return false;
		before = c;
	}
	return before != '/';
}

struct status zoneinfo_load(struct span name, struct zone **out)
{
	struct buffer file CLEANUP(buffer_free) = {0};
	char path[sizeof ZONEINFO_FOLDER + 1 + NAME_MAX_BYTES];

	REQUIRE(name_is_safe(name), S_BAD_INPUT);
	snprintf(path, sizeof path, ZONEINFO_FOLDER "/%.*s", SPAN_ARG(name));
	TRY(file_read(path, FILE_MAX_BYTES, &file, NULL));
	return zone_parse(path + sizeof ZONEINFO_FOLDER, buffer_span(&file), out);
}

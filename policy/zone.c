/* SPDX-License-Identifier: Apache-2.0
 *
 * TZif (RFC 8536): the listed changes of a zone, and the years after them by its rule.
 */
#include "policy/zone.h"

#include <stdlib.h>

#define HEADER_BYTES 44
#define TYPES_MAX    256
#define CHANGES_MAX  4096 /* Debian's longest has some 240 */

struct change {
	int64_t at; /* seconds since 1970 UTC */
	int32_t offset;
};

struct zone {
	int references; /* atomic */
	char *name;
	int32_t before; /* offset before the first change */
	size_t n;
	struct change changes[CHANGES_MAX]; /* cut to n when made */
};

struct counts {
	uint32_t ut, standard, leap, time, type, character;
};

static uint64_t big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static struct status header_parse(struct span *in, struct counts *out, uint8_t *version)
{
	const uint8_t *p = in->p;

	REQUIRE(in->n >= HEADER_BYTES && memcmp(p, "TZif", 4) == 0, S_BAD_INPUT);
	*version = p[4];
	out->ut = (uint32_t)big_endian(p + 20, 4);
	out->standard = (uint32_t)big_endian(p + 24, 4);
	out->leap = (uint32_t)big_endian(p + 28, 4);
	out->time = (uint32_t)big_endian(p + 32, 4);
	out->type = (uint32_t)big_endian(p + 36, 4);
	out->character = (uint32_t)big_endian(p + 40, 4);
	/* Leap seconds are another count of time than ours ("right/" zones). */
	REQUIRE(out->leap == 0 && out->time <= CHANGES_MAX && out->type >= 1 && out->type <= TYPES_MAX &&
			out->character <= 4096 && out->ut <= TYPES_MAX && out->standard <= TYPES_MAX,
		S_BAD_INPUT);
	*in = span_of(p + HEADER_BYTES, in->n - HEADER_BYTES);
	return S_OK;
}

static size_t block_bytes(const struct counts *c, size_t time_bytes)
{
	return c->time * (time_bytes + 1) + (size_t)c->type * 6 + c->character + c->standard + c->ut;
}

static struct status changes_parse(struct zone *z, const uint8_t *block, const struct counts *c)
{
	const uint8_t *index = block + (size_t)c->time * 8, *types = index + c->time;

	z->before = (int32_t)big_endian(types, 4);
	for (size_t i = 0; i < c->time; i++) {
		struct change *change = &z->changes[i];

		REQUIRE(index[i] < c->type, S_BAD_INPUT);
		change->at = (int64_t)big_endian(block + 8 * i, 8);
		change->offset = (int32_t)big_endian(types + (size_t)6 * index[i], 4);
		REQUIRE(i == 0 || change->at > change[-1].at, S_BAD_INPUT);
		REQUIRE(change->offset > -100000 && change->offset < 100000, S_BAD_INPUT);
	}
	z->n = c->time;
	return S_OK;
}

/* What follows the last listed change, by the rule of the footer. */
static void zone_extend(struct zone *z, const struct zone_rule *rule)
{
	int64_t last = z->n ? z->changes[z->n - 1].at : INT64_MIN;

	for (int year = 1970; rule->has_daylight && year <= ZONE_LAST_YEAR && z->n + 2 <= CHANGES_MAX;
		year++) {
		struct change start = {.offset = rule->daylight}, end = {.offset = rule->standard};
		bool north;

		zone_rule_year(rule, year, &start.at, &end.at);
		north = start.at < end.at;
		if ((north ? start : end).at > last)
			z->changes[z->n++] = north ? start : end;
		if ((north ? end : start).at > last)
			z->changes[z->n++] = north ? end : start;
	}
}

static struct status footer_parse(struct zone *z, struct span in)
{
	struct zone_rule rule;

	REQUIRE(in.n >= 2 && in.p[0] == '\n' && in.p[in.n - 1] == '\n', S_BAD_INPUT);
	if (in.n == 2)
		return S_OK;
	TRY(zone_rule_parse(span_of(in.p + 1, in.n - 2), &rule));
	zone_extend(z, &rule);
	return S_OK;
}

static struct status tzif_parse(struct zone *z, struct span in)
{
	struct counts counts;
	uint8_t version;
	size_t n;

	/* The first block has 32-bit times and is only there for old readers. */
	TRY(header_parse(&in, &counts, &version));
	n = block_bytes(&counts, 4);
	REQUIRE(version >= '2' && in.n >= n, S_BAD_INPUT);
	in = span_of(in.p + n, in.n - n);
	TRY(header_parse(&in, &counts, &version));
	n = block_bytes(&counts, 8);
	REQUIRE(in.n >= n, S_BAD_INPUT);
	TRY(changes_parse(z, in.p, &counts));
	return footer_parse(z, span_of(in.p + n, in.n - n));
}

struct status zone_parse(const char *name, struct span tzif, struct zone **out)
{
	struct zone *z = calloc(1, sizeof *z), *cut;
	struct status s = S_OVERLOAD;

	REQUIRE(z, S_OVERLOAD);
	z->references = 1;
	z->name = strdup(name);
	if (z->name)
		s = tzif_parse(z, tzif);
	if (!ok(s)) {
		zone_release(z);
		return s;
	}
	cut = realloc(z, offsetof(struct zone, changes) + z->n * sizeof z->changes[0]);
	*out = cut ? cut : z;
	return S_OK;
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int32_t zone_offset(const struct zone *z, struct utc_ms at)
{
	int64_t s = floor_div(at.v, 1000);
	size_t low = 0, high = z->n; /* the first change after s lies in low..high */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle].at <= s)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? z->before : z->changes[low - 1].offset;
}

/* Offsets stay within a day of UTC, and no zone changes twice in two days. */
size_t zone_moments(const struct zone *z, struct utc_ms local, struct utc_ms moments[2])
{
	const int64_t day = INT64_C(1000) * 60 * DAY_MINUTES;
	size_t n = 0;
	int32_t offsets[2] = {zone_offset(z, (struct utc_ms){local.v - day}),
		zone_offset(z, (struct utc_ms){local.v + day})};

	for (size_t i = 0; i < (offsets[0] == offsets[1] ? 1 : 2); i++) {
		struct utc_ms at = {local.v - INT64_C(1000) * offsets[i]};

		if (zone_offset(z, at) == offsets[i])
			moments[n++] = at;
	}
	return n;
}

unsigned zone_week_minute(const struct zone *z, struct utc_ms at)
{
	/* 1970-01-01 was a Thursday. */
	int64_t minute = floor_div(floor_div(at.v, 1000) + zone_offset(z, at), 60) + INT64_C(3) * DAY_MINUTES;

	return (unsigned)(minute - WEEK_MINUTES * floor_div(minute, WEEK_MINUTES));
}

struct zone *zone_hold(const struct zone *z)
{
	struct zone *held = (struct zone *)z;

	__atomic_add_fetch(&held->references, 1, __ATOMIC_RELAXED);
	return held;
}

void zone_release(struct zone *z)
{
	if (!z || __atomic_sub_fetch(&z->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(z->name);
	free(z);
}

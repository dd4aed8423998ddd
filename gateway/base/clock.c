/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking the system for the time, and RFC 3339 both ways. The calendar arithmetic is that of the proleptic
 * Gregorian calendar (days from civil), because timegm(3) normalises what we must refuse.
 */
#include "gateway/base/clock.h"

#include <stdio.h>
#include <time.h>

#define MS_PER_DAY 86400000

static int64_t clock_read(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct utc_ms clock_now(void)
{
	return (struct utc_ms){clock_read(CLOCK_REALTIME)};
}

int64_t clock_monotonic_ms(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

void clock_sleep_ms(int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

const char *clock_format(char *to, struct utc_ms at)
{
	int64_t ms = (at.v % 1000 + 1000) % 1000;
	time_t seconds = (time_t)(at.v / 1000 - (at.v % 1000 < 0)); /* rounded down */
	struct tm t;

	if (!gmtime_r(&seconds, &t) || t.tm_year + 1900 > 9999 || t.tm_year + 1900 < 0) {
		memcpy(to, "-", 2);
		return to;
	}
	snprintf(to, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(t.tm_year + 1900) % 10000,
		(unsigned)(t.tm_mon + 1) % 100, (unsigned)t.tm_mday % 100, (unsigned)t.tm_hour % 100,
		(unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100, (unsigned)ms % 1000);
	return to;
}

/* Take exactly n digits at *at. */
static bool digits(struct span text, size_t *at, int n, int *value)
{
	*value = 0;
	for (; n > 0; n--, (*at)++) {
		if (*at >= text.n || text.p[*at] < '0' || text.p[*at] > '9')
			return false;
		*value = *value * 10 + (text.p[*at] - '0');
	}
	return true;
}

static bool take(struct span text, size_t *at, const char *any_of)
{
	if (*at >= text.n || text.p[*at] == 0 || !strchr(any_of, text.p[*at]))
		return false;
	(*at)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01, by eras of 400 years counted from 1 March. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	of_era = (year - era * 400) * 365 + (year - era * 400) / 4 - (year - era * 400) / 100 + of_year;
	return era * 146097 + of_era - 719468;
}

static bool parse_date(struct span text, size_t *at, int64_t *days)
{
	int year, month, day;

	if (!digits(text, at, 4, &year) || !take(text, at, "-") || !digits(text, at, 2, &month) ||
		!take(text, at, "-") || !digits(text, at, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

static bool parse_fraction(struct span text, size_t *at, int *ms)
{
	int scale = 100;
	size_t first = *at;

	for (; *at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9'; (*at)++, scale /= 10)
		*ms += scale * (text.p[*at] - '0');
	return *at > first;
}

static bool parse_time(struct span text, size_t *at, int64_t *ms_of_day)
{
	int hour, minute, second, ms = 0;

	if (!digits(text, at, 2, &hour) || !take(text, at, ":") || !digits(text, at, 2, &minute) ||
		!take(text, at, ":") || !digits(text, at, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (take(text, at, ".") && !parse_fraction(text, at, &ms))
		return false;
	if (second == 60) { /* a leap second: the last millisecond of its minute */
		second = 59;
		ms = 999;
	}
	*ms_of_day = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + ms;
	return true;
}

static bool parse_offset(struct span text, size_t *at, int64_t *offset_ms)
{
	int hour, minute, sign;

	*offset_ms = 0;
	if (take(text, at, "Zz"))
		return true;
	if (*at >= text.n || (text.p[*at] != '+' && text.p[*at] != '-'))
		return false;
	sign = text.p[(*at)++] == '-' ? -1 : 1;
	if (!digits(text, at, 2, &hour) || !take(text, at, ":") || !digits(text, at, 2, &minute))
		return false;
	*offset_ms = INT64_C(60000) * sign * ((int64_t)hour * 60 + minute);
	return hour <= 23 && minute <= 59;
}

struct status clock_parse_local(struct span text, struct utc_ms *out, bool *has_offset)
{
	int64_t days, ms, offset = 0;
	size_t at = 0;

	REQUIRE(parse_date(text, &at, &days) && take(text, &at, "Tt ") && parse_time(text, &at, &ms),
		S_BAD_INPUT);
	*has_offset = at < text.n;
	REQUIRE(!*has_offset || parse_offset(text, &at, &offset), S_BAD_INPUT);
	REQUIRE(at == text.n, S_BAD_INPUT);
	out->v = days * MS_PER_DAY + ms - offset;
	return S_OK;
}

struct status clock_parse(struct span text, struct utc_ms *out)
{
	struct utc_ms at;
	bool has_offset;

	TRY(clock_parse_local(text, &at, &has_offset));
	REQUIRE(has_offset, S_BAD_INPUT);
	*out = at;
	return S_OK;
}

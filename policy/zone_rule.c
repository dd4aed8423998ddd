/* SPDX-License-Identifier: Apache-2.0
 *
 * The POSIX TZ text at the end of a TZif file, such as "GMT0BST,M3.5.0/1,M10.5.0": what holds after the last
 * change listed there.
 */
#include "policy/zone.h"

static bool peek(const struct span *in, char c)
{
	return in->n > 0 && *in->p == (uint8_t)c;
}

static bool take(struct span *in, char c)
{
	if (!peek(in, c))
		return false;
	*in = span_of(in->p + 1, in->n - 1);
	return true;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static struct status take_number(struct span *in, int max, int *out)
{
	int n = 0;

	REQUIRE(in->n > 0 && is_digit(*in->p), S_BAD_INPUT);
	while (in->n > 0 && is_digit(*in->p)) {
		n = 10 * n + (*in->p - '0');
		REQUIRE(n <= max, S_BAD_INPUT);
		*in = span_of(in->p + 1, in->n - 1);
	}
	*out = n;
	return S_OK;
}

/* [+-]h[:m[:s]] in seconds. */
static struct status take_time(struct span *in, int32_t *out)
{
	int part[3] = {0}, sign = 1;

	if (take(in, '-'))
		sign = -1;
	else
		(void)take(in, '+');
	TRY(take_number(in, 167, &part[0]));
	for (int i = 1; i < 3 && take(in, ':'); i++)
		TRY(take_number(in, 59, &part[i]));
	*out = sign * (3600 * part[0] + 60 * part[1] + part[2]);
	return S_OK;
}

static struct status take_name(struct span *in)
{
	bool quoted = take(in, '<');
	size_t n = 0;

	while (in->n > 0 && (quoted ? *in->p != '>' : (*in->p | 32) >= 'a' && (*in->p | 32) <= 'z')) {
		*in = span_of(in->p + 1, in->n - 1);
		n++;
	}
	REQUIRE(n >= 3 && (!quoted || take(in, '>')), S_BAD_INPUT);
	return S_OK;
}

static struct status take_change(struct span *in, struct zone_change *out)
{
	REQUIRE(take(in, ','), S_BAD_INPUT);
	out->time = 7200;
	if (take(in, 'M')) {
		out->kind = CHANGE_WEEKDAY;
		TRY(take_number(in, 12, &out->month));
		REQUIRE(out->month >= 1 && take(in, '.'), S_BAD_INPUT);
		TRY(take_number(in, 5, &out->week));
		REQUIRE(out->week >= 1 && take(in, '.'), S_BAD_INPUT);
		TRY(take_number(in, 6, &out->day));
	} else {
		out->kind = take(in, 'J') ? CHANGE_JULIAN : CHANGE_DAY;
		TRY(take_number(in, 365, &out->day));
		REQUIRE(out->kind != CHANGE_JULIAN || out->day >= 1, S_BAD_INPUT);
	}
	if (take(in, '/'))
		TRY(take_time(in, &out->time));
	return S_OK;
}

struct status zone_rule_parse(struct span text, struct zone_rule *out)
{
	int32_t west;

	*out = (struct zone_rule){0};
	TRY(take_name(&text));
	TRY(take_time(&text, &west));
	out->standard = out->daylight = -west;
	if (text.n == 0)
		return S_OK;
	TRY(take_name(&text));
	out->has_daylight = true;
	out->daylight = out->standard + 3600;
	if (!peek(&text, ',')) {
		TRY(take_time(&text, &west));
		out->daylight = -west;
	}
	TRY(take_change(&text, &out->start));
	TRY(take_change(&text, &out->end));
	return text.n == 0 ? S_OK : S_BAD_INPUT;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days since 1970 of a day of the Gregorian calendar; counts from March, so that the leap day comes last. */
static int64_t days_since_1970(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* The day, since 1970, on which the change falls in that year. */
static int64_t change_day(const struct zone_change *change, int year)
{
	int64_t first = days_since_1970(year, change->kind == CHANGE_WEEKDAY ? change->month : 1, 1);
	int day;

	if (change->kind == CHANGE_DAY)
		return first + change->day;
	if (change->kind == CHANGE_JULIAN) /* 29 February is never counted */
		return first + change->day - 1 + (is_leap(year) && change->day >= 60);
	day = (int)((change->day - (first + 4) % 7 + 7) % 7) +
	      7 * (change->week - 1); /* 1970-01-01: a Thursday */
	while (day >= days_of_month(year, change->month))
		day -= 7;
	return first + day;
}

void zone_rule_year(const struct zone_rule *rule, int year, int64_t *start, int64_t *end)
{
	*start = 86400 * change_day(&rule->start, year) + rule->start.time - rule->standard;
	*end = 86400 * change_day(&rule->end, year) + rule->end.time - rule->daylight;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Values: texts, times, durations, numbers, words.
 */
#include "gateway/text/fields.h"

#include "gateway/base/clock.h"
#include "gateway/base/digest.h"
#include "gateway/text/check.h"
#include "policy/agreement.h"
#include "policy/switches.h"
#include "proto/read.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX  1000
#define ID_MAX    64
#define TOPIC_MAX 249 /* Kafka's own limit */

const char ids_only;

const struct word words_kind[] = {{"vrm", 1u << READ_KIND_VRM}, {"hashed_tag", 1u << READ_KIND_HASHED_TAG},
	{"no_plate", 1u << READ_KIND_NO_PLATE}, {0}};
const struct word words_class[] = {
	{"read", CLASS_READ}, {"plate_patch", CLASS_PLATE_PATCH}, {"overview", CLASS_OVERVIEW}, {0}};
const struct word words_drop[] = {{"speed_kph", DROP_SPEED}, {"heading", DROP_HEADING}, {"lane", DROP_LANE},
	{"direction", DROP_DIRECTION}, {"country", DROP_COUNTRY}, {"confidence", DROP_CONFIDENCE},
	{"position", DROP_POSITION}, {0}};
const struct word words_day[] = {{"mon", 1 << 0}, {"tue", 1 << 1}, {"wed", 1 << 2}, {"thu", 1 << 3},
	{"fri", 1 << 4}, {"sat", 1 << 5}, {"sun", 1 << 6}, {0}};

static void text_set(struct yaml *y, char **to, struct span text)
{
	*to = check_copy(text);
	y->overload |= *to == NULL;
}

void read_text(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	char **out = to;
	struct span text;

	if (!yaml_text(y, node, &text))
		return;
	while (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	text_set(y, out, text);
	for (size_t i = 0; *out && i < text.n; i++) {
		if ((*out)[i] == '\n')
			(*out)[i] = ' ';
	}
	if (*out && (text.n == 0 || text.n > TEXT_MAX || !check_clean(span_of(*out, text.n))))
		yaml_complain(y, node, "'%s' is not a text of 1 to 1,000 bytes without control characters",
			key->name);
}

static void id_read(struct yaml *y, int node, char **to, const struct yaml_key *key, size_t max)
{
	struct span text;

	if (!yaml_text(y, node, &text))
		return;
	if (!check_id(text, max))
		yaml_complain(y, node,
			"'%s' is not an id: 1 to %zu letters, digits, '.', '_', '-', a letter or digit first",
			key->name, max);
	else
		text_set(y, to, text);
}

void read_id(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	id_read(y, node, to, key, ID_MAX);
}

void read_topic(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	id_read(y, node, to, key, TOPIC_MAX);
}

struct placed {
	const char *text;
	int node;
};

static int placed_compare(const void *a, const void *b)
{
	const struct placed *one = a, *two = b;
	int order = strcmp(one->text, two->text);

	return order ? order : (one->node > two->node) - (one->node < two->node);
}

static void repeats_check(
	struct yaml *y, const struct yaml_key *key, char *const *texts, const int *items, size_t n)
{
	struct placed *placed = yaml_alloc(y, n, sizeof *placed);
	size_t have = 0;

	for (size_t i = 0; placed && i < n; i++) {
		if (texts[i])
			placed[have++] = (struct placed){texts[i], items[i]};
	}
	if (placed)
		qsort(placed, have, sizeof *placed, placed_compare);
	for (size_t i = 1; i < have; i++) {
		if (strcmp(placed[i - 1].text, placed[i].text) == 0)
			yaml_complain(y, placed[i].node, "'%s' has this twice", key->name);
	}
	free(placed);
}

void read_texts(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	size_t *n_out = (size_t *)((char *)key->map + key->n_offset);
	const int *items;
	size_t n = yaml_items(y, node, &items);
	char **texts;

	if (n == 0) {
		yaml_complain(y, node, "'%s' needs at least one", key->name);
		return;
	}
	*(char ***)to = texts = yaml_alloc(y, n, sizeof *texts);
	*n_out = texts ? n : 0;
	for (size_t i = 0; i < *n_out; i++)
		(key->of == &ids_only ? read_id : read_text)(y, items[i], &texts[i], key);
	if (texts)
		repeats_check(y, key, texts, items, n);
}

void read_time(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct span text;

	if (yaml_text(y, node, &text) && !ok(clock_parse(text, to)))
		yaml_complain(y, node, "'%s' is not a time with an offset, such as 2026-11-01T00:00:00Z",
			key->name);
}

void read_date(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	static const char midnight[] = "T00:00:00Z";
	char whole[10 + sizeof midnight];
	struct span text;

	if (!yaml_text(y, node, &text))
		return;
	if (text.n == 10) {
		memcpy(whole, text.p, 10);
		memcpy(whole + 10, midnight, sizeof midnight);
		text = span_text(whole);
	}
	if (!ok(clock_parse(text, to)))
		yaml_complain(y, node, "'%s' is not a date, such as 2027-05-01", key->name);
}

static const struct {
	const char *name;
	int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
#define UNITS (sizeof units / sizeof units[0])

bool duration_take(struct span text, int64_t *out)
{
	int64_t n = 0;
	size_t i = 0;

	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && n < INT64_C(1000000000000); i++)
		n = 10 * n + (text.p[i] - '0');
	for (size_t u = 0; i > 0 && u < UNITS; u++) {
		if (span_is(span_of(text.p + i, text.n - i), units[u].name))
			return !__builtin_mul_overflow(n, units[u].ms, out);
	}
	return false;
}

const char *duration_format(char *to, int64_t ms)
{
	size_t u = ms == 0 ? 1 : UNITS - 1;

	while (ms % units[u].ms != 0)
		u--;
	snprintf(to, 32, "%lld%s", (long long)(ms / units[u].ms), units[u].name);
	return to;
}

const char *number_format(char *to, double v)
{
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(to, 32, "%.*g", digits, v);
		if (strtod(to, NULL) == v)
			break;
	}
	return to;
}

void read_duration(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	const struct duration_range *range = key->of;
	char low[32], high[32];
	struct span text;
	int64_t ms;

	if (!yaml_text(y, node, &text))
		return;
	if (duration_take(text, &ms) && ms >= range->low && ms <= range->high) {
		*(int64_t *)to = ms;
		return;
	}
	yaml_complain(y, node, "'%s' is not a duration from %s to %s, such as 24h", key->name,
		duration_format(low, range->low), duration_format(high, range->high));
}

void read_number(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	const struct number_range *range = key->of;
	struct span text;
	double v;

	if (!yaml_text(y, node, &text))
		return;
	if (check_number(text, &v) && v >= range->low && v <= range->high)
		*(double *)to = v;
	else
		yaml_complain(
			y, node, "'%s' is not a number from %g to %g", key->name, range->low, range->high);
}

static void word_read(struct yaml *y, int node, unsigned *bits, const struct yaml_key *key)
{
	const struct word *words = key->of;
	struct span text;

	if (!yaml_text(y, node, &text))
		return;
	while (words->name && !span_is(text, words->name))
		words++;
	if (!words->name)
		yaml_complain(y, node, "'%s' has no such word", key->name);
	else if (*bits & words->bit)
		yaml_complain(y, node, "'%s' has this twice", key->name);
	*bits |= words->bit;
}

void read_words(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	const int *items;
	size_t n = yaml_items(y, node, &items);
	unsigned bits = 0;

	if (n == 0)
		yaml_complain(y, node, "'%s' needs at least one", key->name);
	for (size_t i = 0; i < n; i++)
		word_read(y, items[i], &bits, key);
	*(unsigned *)to = bits;
}

void read_minute(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct span text;
	int digits[5] = {0}, minute;
	bool good;

	if (!yaml_text(y, node, &text))
		return;
	good = text.n == 5 && text.p[2] == ':';
	for (size_t i = 0; good && i < 5; i++) {
		digits[i] = text.p[i] - '0';
		good = i == 2 || (digits[i] >= 0 && digits[i] <= 9);
	}
	minute = 60 * (10 * digits[0] + digits[1]) + 10 * digits[3] + digits[4];
	if (good && digits[3] < 6 && minute <= DAY_MINUTES)
		*(int *)to = minute;
	else
		yaml_complain(y, node, "'%s' is not a time of day from 00:00 to 24:00", key->name);
}

void read_digest(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct digest *out = to;
	struct span text;

	if (yaml_text(y, node, &text) && !ok(hex_parse(text, out->v, sizeof out->v)))
		yaml_complain(y, node, "'%s' is not a SHA-256 as 64 hexadecimal digits", key->name);
}

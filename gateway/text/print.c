/* SPDX-License-Identifier: Apache-2.0
 *
 * The canonical form of an agreement: every key there is, in one order, defaults filled in, texts quoted.
 */
#include "gateway/text/fields.h"
#include "gateway/text/text.h"
#include "proto/read.h"

/* Texts were checked: no control characters, so these two are all that needs escaping. */
static struct status quoted(struct buffer *out, const char *text)
{
	TRY(buffer_append_text(out, "\""));
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			TRY(buffer_append_text(out, "\\"));
		TRY(buffer_append(out, span_of(text, 1)));
	}
	return buffer_append_text(out, "\"");
}

static struct status line(struct buffer *out, const char *key, const char *text)
{
	TRY(buffer_format(out, "%s: ", key));
	TRY(quoted(out, text));
	return buffer_append_text(out, "\n");
}

static struct status list(struct buffer *out, char *const *texts, size_t n)
{
	TRY(buffer_append_text(out, "["));
	for (size_t i = 0; i < n; i++) {
		TRY(buffer_append_text(out, i ? ", " : ""));
		TRY(quoted(out, texts[i]));
	}
	return buffer_append_text(out, "]");
}

static struct status list_line(struct buffer *out, const char *key, char *const *texts, size_t n)
{
	if (n == 0)
		return S_OK;
	TRY(buffer_format(out, "%s: ", key));
	TRY(list(out, texts, n));
	return buffer_append_text(out, "\n");
}

static struct status words(struct buffer *out, const struct word *all, unsigned bits)
{
	bool first = true;

	TRY(buffer_append_text(out, "["));
	for (; all->name; all++) {
		if (!(bits & all->bit))
			continue;
		TRY(buffer_format(out, "%s%s", first ? "" : ", ", all->name));
		first = false;
	}
	return buffer_append_text(out, "]");
}

static struct status words_line(struct buffer *out, const char *key, const struct word *all, unsigned bits)
{
	if (bits == 0)
		return S_OK;
	TRY(buffer_format(out, "%s: ", key));
	TRY(words(out, all, bits));
	return buffer_append_text(out, "\n");
}

static struct status parties(struct buffer *out, const struct agreement *a)
{
	TRY(line(out, "agreement", a->id));
	TRY(line(out, "partner", a->partner));
	TRY(buffer_append_text(out, "recipient:\n"));
	TRY(line(out, "  organisation", a->recipient));
	TRY(line(out, "  topic", a->topic));
	TRY(list_line(out, "  principals", a->principals, a->n_principals));
	TRY(list_line(out, "verifiers", a->verifiers, a->n_verifiers));
	TRY(list_line(out, "consents", a->consents, a->n_consents));
	TRY(buffer_append_text(out, "controller:\n"));
	TRY(line(out, "  name", a->controller_name));
	return line(out, "  contact", a->controller_contact);
}

static struct status grounds(struct buffer *out, const struct agreement *a)
{
	TRY(line(out, "instrument", a->instrument));
	TRY(buffer_append_text(out, "documents:\n"));
	for (size_t i = 0; i < a->n_documents; i++) {
		TRY(line(out, "  - title", a->documents[i].title));
		TRY(buffer_format(out, "    sha256: %s\n", DIGEST_TEXT(&a->documents[i].sha256)));
	}
	TRY(line(out, "necessity", a->necessity));
	TRY(list_line(out, "purposes", a->purposes, a->n_purposes));
	TRY(buffer_format(
		out, "valid:\n  from: %s\n  until: %s\n", CLOCK_TEXT(a->from), CLOCK_TEXT(a->until)));
	if (a->review_by.v)
		TRY(buffer_format(out, "  review_by: %s\n", CLOCK_TEXT(a->review_by)));
	return S_OK;
}

static struct status data(struct buffer *out, const struct agreement *a)
{
	TRY(buffer_format(out, "keep_for: %s\n", duration_format((char[32]){0}, a->keep_for_ms)));
	TRY(words_line(out, "kinds", words_kind, a->kinds));
	TRY(words_line(out, "share", words_class, a->share));
	return words_line(out, "drop", words_drop, a->drop);
}

struct status rule_hours_print(const struct rule *rule, struct buffer *out)
{
	for (const struct word *day = words_day; day->name; day++) {
		if (rule->days & day->bit)
			TRY(buffer_format(out, "%s ", day->name));
	}
	return buffer_format(out, "%02d:%02d to %02d:%02d, %s", rule->from_minute / 60,
		rule->from_minute % 60, rule->to_minute / 60, rule->to_minute % 60, rule->zone);
}

struct status rule_local_print(const struct rule *rule, struct utc_ms at, struct buffer *out)
{
	unsigned minute = rule->local ? zone_week_minute(rule->local, at) : 0;

	return buffer_format(out, "%s %02u:%02u", words_day[minute / DAY_MINUTES].name,
		minute % DAY_MINUTES / 60, minute % 60);
}

static struct status rule_print(struct buffer *out, const struct rule *rule)
{
	TRY(line(out, "  - name", rule->name));
	TRY(list_line(out, "    cameras", rule->cameras, rule->n_cameras));
	if (rule->n_area > 0)
		TRY(buffer_append_text(out, "    area: ["));
	for (size_t i = 0; i < rule->n_area; i++)
		TRY(buffer_format(out, "%s[%s, %s]", i ? ", " : "",
			number_format((char[32]){0}, rule->area[i].lat),
			number_format((char[32]){0}, rule->area[i].lon)));
	if (rule->n_area > 0)
		TRY(buffer_append_text(out, "]\n"));
	if (!rule->has_hours)
		return S_OK;
	TRY(line(out, "    hours:\n      zone", rule->zone));
	TRY(words_line(out, "      days", words_day, rule->days));
	return buffer_format(out, "      from: \"%02d:%02d\"\n      to: \"%02d:%02d\"\n",
		rule->from_minute / 60, rule->from_minute % 60, rule->to_minute / 60, rule->to_minute % 60);
}

static struct status quality(struct buffer *out, const struct agreement *a)
{
	TRY(buffer_append_text(out, "quality:\n"));
	if (a->min_confidence > 0)
		TRY(buffer_format(
			out, "  min_confidence: %s\n", number_format((char[32]){0}, a->min_confidence)));
	TRY(buffer_format(out, "  max_age: %s\n", duration_format((char[32]){0}, a->max_age_ms)));
	TRY(buffer_format(out, "  max_future: %s\n", duration_format((char[32]){0}, a->max_future_ms)));
	return buffer_format(out, "  clock_bound: %s\n", duration_format((char[32]){0}, a->clock_bound_ms));
}

struct status agreement_print(const struct agreement *a, struct buffer *out)
{
	TRY(parties(out, a));
	TRY(grounds(out, a));
	TRY(data(out, a));
	TRY(buffer_append_text(out, "rules:\n"));
	for (size_t i = 0; i < a->n_rules; i++)
		TRY(rule_print(out, &a->rules[i]));
	return quality(out, a);
}

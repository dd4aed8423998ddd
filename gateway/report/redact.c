/* SPDX-License-Identifier: Apache-2.0
 *
 * The public form, made of the full one by taking away; what was taken is told under "redaction".
 *
 * No people: whoever acted is told by organisation; certificates that may read are counted; free text that a
 * person wrote (reasons, effects, file names, contacts) is left out, because it may name anybody. The terms
 * of agreements are told: both bodies made them to be known. No positions: there are none in the full form
 * either; camera ids and patterns become counts, and areas with fewer than AREA_MIN cameras are told
 * together, because they come near to a position. Small counts: counts of reads from 1 to 9 are told as
 * "<10", all others rounded to the nearest 10, each by itself, totals too: so that none can be had by
 * subtraction. 0 stays 0: that nothing was shared is what the public asks. (Statistical disclosure control as
 * the Office for National Statistics describes it: rounding protects where suppression would need a second
 * cell suppressed for each.)
 */
#include "gateway/report/internal.h"

#include <stdio.h>

#define ROUND_TO 10
#define AREA_MIN 5
#define SMALL    "(areas with fewer than 5 cameras)"

/* --- counts of reads --- */

static json_t *rounded(const json_t *count)
{
	json_int_t n = json_integer_value(count);

	if (n > 0 && n < ROUND_TO)
		return json_string("<10");
	return json_integer((n + ROUND_TO / 2) / ROUND_TO * ROUND_TO);
}

static void round_member(json_t *object, const char *key)
{
	if (json_is_integer(json_object_get(object, key)))
		json_object_set_new(object, key, rounded(json_object_get(object, key)));
}

static void round_reasons(json_t *reasons)
{
	const char *key;
	json_t *value;

	json_object_foreach(reasons, key, value) json_object_set_new(reasons, key, rounded(value));
}

static void round_tally(json_t *tally)
{
	static const char *const keys[] = {
		"received", "permitted", "published", "denied", "rejected", "images_dropped"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		round_member(tally, keys[i]);
	round_reasons(json_object_get(tally, "denied_by_reason"));
	round_reasons(json_object_get(tally, "rejected_by_reason"));
}

static void redact_partners(json_t *partners)
{
	json_t *one, *day;
	size_t i, k;

	json_array_foreach(partners, i, one)
	{
		round_tally(json_object_get(one, "total"));
		json_array_foreach(json_object_get(one, "days"), k, day) round_tally(day);
	}
}

static void redact_verification(json_t *verification)
{
	static const char *const keys[] = {"reads", "reads_accounted", "reads_gone", "reads_before_ledger"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		round_member(verification, keys[i]);
}

/* --- people --- */

static void forget(json_t *object, const char *key)
{
	if (json_object_get(object, key))
		json_object_set_new(object, key, json_null());
}

static void count_member(json_t *object, const char *key)
{
	if (json_is_array(json_object_get(object, key)))
		json_object_set_new(
			object, key, json_integer((json_int_t)json_array_size(json_object_get(object, key))));
}

static void redact_consented(json_t *row)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(row, "consented"), i, one) forget(one, "subject");
}

static void redact_decided(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (json_is_object(json_object_get(row, "who")))
			forget(json_object_get(row, "who"), "subject");
		if (json_is_object(json_object_get(row, "covers")))
			count_member(json_object_get(row, "covers"), "cameras");
		redact_consented(row);
		forget(row, "reason");
		forget(row, "effect");
		forget(row, "name");
	}
}

static void redact_readers(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		count_member(row, "principals");
		count_member(row, "verifiers");
		forget(row, "principal");
		forget(row, "host");
		if (json_is_object(json_object_get(row, "controller")))
			forget(json_object_get(row, "controller"), "contact");
		redact_consented(row);
	}
}

/* --- areas --- */

static json_int_t most_agreed(const json_t *days, const char *area)
{
	json_int_t most = 0;
	const json_t *day;
	size_t i;

	json_array_foreach(days, i, day)
	{
		json_int_t n = json_integer_value(
			json_object_get(json_object_get(json_object_get(day, "areas"), area), "agreed"));

		most = n > most ? n : most;
	}
	return most;
}

static void area_add(json_t *to, const char *label, const json_t *from)
{
	static const char *const keys[] = {"agreed", "on"};
	json_t *area = json_object_get(to, label);

	if (!area)
		json_object_set_new(to, label, area = json_pack("{s:i, s:i}", "agreed", 0, "on", 0));
	for (size_t i = 0; i < 2; i++)
		json_object_set_new(area, keys[i],
			json_integer(json_integer_value(json_object_get(area, keys[i])) +
				     json_integer_value(json_object_get(from, keys[i]))));
}

static void redact_sharing(json_t *sharing)
{
	json_t *days = json_object_get(sharing, "days"), *day, *made = json_array();
	size_t i;

	json_array_foreach(days, i, day)
	{
		json_t *areas = json_object_get(day, "areas"), *told = json_object(), *area;
		const char *label;

		json_object_foreach(areas, label, area)
			area_add(told, most_agreed(days, label) < AREA_MIN ? SMALL : label, area);
		json_array_append_new(made, told);
	}
	json_array_foreach(days, i, day) json_object_set(day, "areas", json_array_get(made, i));
	json_decref(made);
}

/* Whether an area is told by its name in any table of cameras. */
static bool is_told(const json_t *sharings, const char *area)
{
	const json_t *sharing, *day;
	size_t i, k;

	json_array_foreach(sharings, i, sharing) json_array_foreach(json_object_get(sharing, "days"), k,
		day) if (json_object_get(json_object_get(day, "areas"), area)) return true;
	return false;
}

/* A switch over a small area does not tell its name either. */
static void redact_areas(json_t *rows, const json_t *sharings)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_t *covers = json_object_get(row, "covers");
		const char *area = json_string_value(json_object_get(covers, "area"));

		if (area && !is_told(sharings, area))
			json_object_set_new(covers, "area", json_string(SMALL));
	}
}

/* --- the whole --- */

static json_t *redaction(void)
{
	return json_pack("{s:i, s:s, s:i, s:[s, s, s, s]}", "reads_rounded_to", ROUND_TO, "reads_from_1_to_9",
		"<10", "areas_told_from_cameras", AREA_MIN, "left_out", "people, told by their organisation",
		"names of certificates, told by their number",
		"free text of decisions: reasons, effects, file names, contacts",
		"ids and patterns of cameras, told by their number");
}

void redact(json_t *model)
{
	json_t *readers = json_object_get(model, "readers"), *sharing;
	size_t i;

	json_object_set_new(model, "form", json_string("public"));
	json_object_set_new(model, "redaction", redaction());
	redact_partners(json_object_get(model, "partners"));
	redact_verification(json_object_get(model, "verification"));
	redact_decided(json_object_get(model, "changes"));
	redact_decided(json_object_get(model, "proposals"));
	redact_decided(json_object_get(model, "offs"));
	redact_readers(json_object_get(model, "agreements"));
	redact_readers(json_object_get(readers, "agreed"));
	redact_readers(json_object_get(json_object_get(readers, "now"), "readers"));
	json_array_foreach(json_object_get(model, "sharing"), i, sharing) redact_sharing(sharing);
	redact_areas(json_object_get(model, "changes"), json_object_get(model, "sharing"));
	redact_areas(json_object_get(model, "offs"), json_object_get(model, "sharing"));
}

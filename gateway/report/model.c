/* SPDX-License-Identifier: Apache-2.0
 *
 * The model of a report: one JSON object, from which its forms are made. Names are stable: fields are added,
 * never renamed. Times are RFC 3339 in UTC, days local ones of the period's zone with their moments of UTC
 * beside them, hashes lower-case hexadecimal, absent things null.
 *
 * report, format, form (full | public), made_at, period {from, to, zone, begins, ends, complete, days [date,
 * begins, ends]}, journal {entries, hash, newest}, agreements [] and readers {} (model_agreements.c,
 * model_readers.c), sharing [agreement, partner, days [date, agreed, on, areas {label: {agreed, on}}], steps
 * [at, on]], partners [partner, organisation, total, days [date, ..., cameras_sent, cameras_shared,
 * hours_from_ledger, hours_from_accounts, hours_in_part]], changes [], proposals [], offs []
 * (model_changes.c), gaps {known_from, list [partner, cause, from, to, told]}, counted {ledger_records,
 * accounts, unsigned_accounts, unreadable}, verification {} | null, duties [], limits [] (duties.c)
 *
 * A total, and each day, has received, permitted, published, denied, rejected, images_dropped,
 * denied_by_reason {}, rejected_by_reason {}.
 */
#include "gateway/report/internal.h"

#include <stdlib.h>

#define FORMAT 1

json_t *model_time(int64_t at)
{
	return at ? json_string(CLOCK_TEXT((struct utc_ms){at})) : json_null();
}

json_t *model_text(const char *text)
{
	json_t *made = text && *text ? json_string(text) : json_null();

	return made ? made : json_string("(no UTF-8)");
}

json_t *model_number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

bool model_in_period(const struct report *r, const json_t *time)
{
	struct utc_ms at;

	return json_is_string(time) && ok(clock_parse(span_text(json_string_value(time)), &at)) &&
	       at.v >= r->period.from && at.v < r->period.to;
}

/* --- counts --- */

static void tally_set(json_t *to, const struct tally *t)
{
	json_t *denied = json_object(), *rejected = json_object();
	uint64_t all_denied = 0, all_rejected = 0;

	for (unsigned i = 0; i < REASON_COUNT; i++) {
		all_denied += t->denied[i];
		if (t->denied[i] > 0)
			json_object_set_new(denied, reason_name((enum reason)i), model_number(t->denied[i]));
	}
	for (unsigned i = 0; i < REJECTION_COUNT; i++) {
		all_rejected += t->rejected[i];
		if (t->rejected[i] > 0)
			json_object_set_new(
				rejected, rejection_name((enum rejection)i), model_number(t->rejected[i]));
	}
	json_object_set_new(to, "received", model_number(t->received));
	json_object_set_new(to, "permitted", model_number(t->permitted));
	json_object_set_new(to, "published", model_number(t->published));
	json_object_set_new(to, "denied", model_number(all_denied));
	json_object_set_new(to, "rejected", model_number(all_rejected));
	json_object_set_new(to, "images_dropped", model_number(t->images_dropped));
	json_object_set_new(to, "denied_by_reason", denied);
	json_object_set_new(to, "rejected_by_reason", rejected);
}

static void tally_sum(struct tally *to, const struct tally *more)
{
	to->received += more->received;
	to->permitted += more->permitted;
	to->published += more->published;
	to->images_dropped += more->images_dropped;
	for (size_t i = 0; i < REASON_COUNT; i++)
		to->denied[i] += more->denied[i];
	for (size_t i = 0; i < REJECTION_COUNT; i++)
		to->rejected[i] += more->rejected[i];
}

static json_t *partner_day(const struct report *r, const struct partner_counts *p, size_t i)
{
	const struct partner_day *d = &p->days[i];
	json_t *day = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "date", r->period.days[i].date,
		"cameras_sent", (json_int_t)d->cameras_sent, "cameras_shared", (json_int_t)d->cameras_shared,
		"hours_from_ledger", (json_int_t)d->hours_ledger, "hours_from_accounts",
		(json_int_t)d->hours_accounts, "hours_in_part", (json_int_t)d->hours_part);

	tally_set(day, &d->tally);
	return day;
}

static json_t *organisation_of(const struct report *r, const char *partner)
{
	const struct governance_partner *partners;
	size_t n = governance_partners(r->governance, &partners);

	for (size_t i = 0; i < n; i++)
		if (strcmp(partners[i].id, partner) == 0)
			return model_text(partners[i].organisation);
	return json_null();
}

json_t *model_partners(const struct report *r)
{
	json_t *list = json_array();

	for (const struct partner_counts *p = r->counts.partners; p; p = p->hh.next) {
		json_t *days = json_array(), *total = json_object();
		struct tally sum = {0};

		for (size_t i = 0; i < r->period.n; i++) {
			tally_sum(&sum, &p->days[i].tally);
			json_array_append_new(days, partner_day(r, p, i));
		}
		tally_set(total, &sum);
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o}", "partner", p->id, "organisation",
				      organisation_of(r, p->id), "total", total, "days", days));
	}
	return list;
}

/* --- cameras --- */

static json_t *sharing_day(const struct report *r, const struct sharing *s, size_t i)
{
	json_t *areas = json_object();

	for (const struct shared_area *a = s->areas; a; a = a->hh.next)
		if (a->days[i].agreed > 0)
			json_object_set_new(areas, a->label,
				json_pack("{s:I, s:I}", "agreed", (json_int_t)a->days[i].agreed, "on",
					(json_int_t)a->days[i].on));
	return json_pack("{s:s, s:I, s:I, s:o}", "date", r->period.days[i].date, "agreed",
		(json_int_t)s->days[i].agreed, "on", (json_int_t)s->days[i].on, "areas", areas);
}

json_t *model_sharing(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_sharings; i++) {
		const struct sharing *s = &r->sharings[i];
		json_t *days = json_array(), *steps = json_array();

		for (size_t k = 0; k < r->period.n; k++)
			json_array_append_new(days, sharing_day(r, s, k));
		for (size_t k = 0; k < s->n_steps; k++)
			json_array_append_new(steps, json_pack("{s:o, s:I}", "at", model_time(s->steps[k].at),
							     "on", (json_int_t)s->steps[k].on));
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "agreement", s->agreement,
						    "partner", s->partner, "days", days, "steps", steps));
	}
	return list;
}

/* --- gaps --- */

static const char *cause_name(Anpr__V1__GapCause cause)
{
	static const char *const names[] = {"unspecified", "cursor_gone", "off", "ledger_trimmed"};

	return (unsigned)cause < sizeof names / sizeof *names ? names[cause] : names[0];
}

json_t *model_gaps(const struct report *r)
{
	const struct counts *c = &r->counts;
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_gaps; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:o, s:o}", "partner", c->gaps[i].partner, "cause",
				      cause_name(c->gaps[i].cause), "from", model_time(c->gaps[i].from), "to",
				      model_time(c->gaps[i].to), "told", model_time(c->gaps[i].told)));
	return json_pack("{s:o, s:o}", "known_from", model_time(c->ledger_from), "list", list);
}

/* --- the whole --- */

static json_t *period_model(const struct report *r)
{
	const struct period *p = &r->period;
	json_t *days = json_array();

	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(
			days, json_pack("{s:s, s:o, s:o}", "date", p->days[i].date, "begins",
				      model_time(p->days[i].from), "ends", model_time(p->days[i].to)));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:o}", "from", p->days[0].date, "to",
		p->days[p->n - 1].date, "zone", zone_name(p->zone), "begins", model_time(p->from), "ends",
		model_time(p->to), "complete", p->to <= r->q.now.v, "days", days);
}

static json_t *journal_model(const struct report *r)
{
	return json_pack("{s:I, s:s, s:o}", "entries", (json_int_t)governance_sequence(r->governance), "hash",
		DIGEST_TEXT(governance_head(r->governance)), "newest",
		model_time(governance_time(r->governance).v));
}

static json_t *counted_model(const struct counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "ledger_records", (json_int_t)c->ledger_records, "accounts",
		(json_int_t)c->accounts, "unsigned_accounts", (json_int_t)c->unsigned_accounts, "unreadable",
		(json_int_t)c->unreadable);
}

static json_t *history_of(const struct report *r)
{
	char *text = governance_view_history(r->governance, NULL, (struct utc_ms){0});
	json_t *history = json_loads(text, 0, NULL);

	free(text);
	return history ? history : json_array();
}

json_t *model_make(const struct report *r)
{
	json_t *history = history_of(r);
	json_t *model = json_pack("{s:s, s:i, s:s, s:o, s:o, s:o}", "report", "anpr-transparency", "format",
		FORMAT, "form", "full", "made_at", model_time(r->q.now.v), "period", period_model(r),
		"journal", journal_model(r));

	json_object_set_new(model, "agreements", model_agreements(r, history));
	json_object_set_new(model, "sharing", model_sharing(r));
	json_object_set_new(model, "partners", model_partners(r));
	json_object_set_new(model, "changes", model_changes(r, history));
	json_object_set_new(model, "proposals", model_proposals(r, history));
	json_object_set_new(model, "offs", model_offs(r, history));
	json_object_set_new(model, "gaps", model_gaps(r));
	json_object_set_new(model, "readers", model_readers(r));
	json_object_set_new(model, "counted", counted_model(&r->counts));
	json_object_set_new(
		model, "verification", r->verification ? json_incref(r->verification) : json_null());
	json_object_set_new(model, "duties", model_duties());
	json_object_set_new(model, "limits", model_limits());
	json_decref(history);
	return model;
}

char *report_json(const struct report *r, enum report_form form)
{
	json_t *model = model_make(r);
	char *text;

	if (form == REPORT_PUBLIC)
		redact(model);
	text = json_dumps(model, JSON_COMPACT);
	json_decref(model);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Sections of the page: the summary, agreements, cameras, reads, gaps, readers.
 */
#include "gateway/report/html.h"

static void text_of(struct buffer *out, const json_t *object, const char *path, enum cell cell)
{
	html_value(out, html_at(object, path), cell);
}

/* --- summary --- */

static void figure_begin(struct buffer *out)
{
	text_add(out, "<li><b>");
}

static void figure_end(struct buffer *out, const char *what)
{
	text_add(out, "</b>%s</li>\n", what);
}

static void figure_count(struct buffer *out, const char *what, const json_t *rows)
{
	json_t *value = json_integer((json_int_t)json_array_size(rows));

	figure_begin(out);
	html_value(out, value, CELL_PLAIN);
	figure_end(out, what);
	json_decref(value);
}

/* A sum over partners. In the public form of rounded ones: what is too small to be told adds nothing, and is
 * told where there is nothing else. */
static void figure_sum(struct buffer *out, const char *what, const json_t *partners, const char *key)
{
	const json_t *partner, *small = NULL;
	json_int_t sum = 0;
	json_t *value;
	size_t i;

	json_array_foreach(partners, i, partner)
	{
		const json_t *one = json_object_get(json_object_get(partner, "total"), key);

		sum += json_integer_value(one);
		small = json_is_string(one) ? one : small;
	}
	value = json_integer(sum);
	figure_begin(out);
	html_value(out, sum == 0 && small ? small : value, CELL_PLAIN);
	figure_end(out, what);
	json_decref(value);
}

static void verdict(struct buffer *out, const json_t *verification)
{
	bool clean = json_is_true(json_object_get(verification, "clean"));
	bool reads = json_is_true(json_object_get(verification, "reads_checked"));

	if (!json_is_object(verification))
		text_add(out, "<p class=\"verdict unknown\"><b>Not verified.</b> Nothing was checked.</p>\n");
	else if (!clean)
		text_add(out,
			"<p class=\"verdict bad\"><b>The verification found something wrong.</b> See <a "
			"href=\"#verified\">What was verified</a> before relying on any figure here.</p>\n");
	else
		text_add(out,
			"<p class=\"verdict\"><b>Verified: nothing is wrong.</b> Journal, ledger and signed "
			"accounts "
			"were checked; %s.</p>\n",
			reads ? "so was every read on the police topics"
			      : "the reads themselves on the police topics were not");
}

static void public_note(struct buffer *out, const json_t *model)
{
	if (!json_is_object(json_object_get(model, "redaction")))
		return;
	text_add(out, "<p>In this public form people are told by their organisation, and certificates by "
		      "their number; "
		      "free text of decisions and ids of cameras are left out. Counts of reads are rounded "
		      "to the nearest "
		      "10, each by itself, so sums may differ a little; those from 1 to 9 are told as "
		      "&lt;10, and 0 is 0. "
		      "Areas with fewer than 5 cameras are told together.</p>\n");
}

void html_summary(struct buffer *out, const json_t *model)
{
	const json_t *partners = json_object_get(model, "partners");

	text_add(out,
		"<p class=\"kind\">Transparency report, %s form</p>\n<h1>Sharing of number plate reads, ",
		json_is_object(json_object_get(model, "redaction")) ? "public" : "full");
	text_of(out, model, "period.from", CELL_TIME);
	text_add(out, " to ");
	text_of(out, model, "period.to", CELL_TIME);
	text_add(out, "</h1>\n<p>Days are those of ");
	text_of(out, model, "period.zone", CELL_PLAIN);
	text_add(out, ": from ");
	text_of(out, model, "period.begins", CELL_TIME);
	text_add(out, " UTC to ");
	text_of(out, model, "period.ends", CELL_TIME);
	text_add(out, " UTC, not included. All times below are UTC. Made at ");
	text_of(out, model, "made_at", CELL_TIME);
	text_add(out, " from what lies in Kafka: journal of ");
	text_of(out, model, "journal.entries", CELL_PLAIN);
	text_add(out, " entries, the newest <code>");
	text_of(out, model, "journal.hash", CELL_PLAIN);
	text_add(out, "</code>. %s</p>\n",
		json_is_true(html_at(model, "period.complete"))
			? "The period was over then."
			: "<b>The period was not over then: its last days are incomplete.</b>");
	public_note(out, model);
	verdict(out, json_object_get(model, "verification"));
	text_add(out, "<ul class=\"figures\">\n");
	figure_count(out, "agreements in force", json_object_get(model, "agreements"));
	figure_sum(out, "reads received", partners, "received");
	figure_sum(out, "permitted", partners, "permitted");
	figure_sum(out, "denied", partners, "denied");
	figure_sum(out, "rejected", partners, "rejected");
	figure_count(out, "offs and other narrowings", json_object_get(model, "offs"));
	text_add(out, "</ul>\n");
}

/* --- agreements --- */

static void write_documents(struct buffer *out, const json_t *row)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(row, "documents"), i, one)
	{
		text_add(out, "%s", i ? "<br>" : "");
		text_of(out, one, "title", CELL_PLAIN);
		text_add(out, " ");
		text_of(out, one, "sha256", CELL_HASH);
	}
}

static void write_consented(struct buffer *out, const json_t *row)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(row, "consented"), i, one)
	{
		text_add(out, "%s", i ? "<br>" : "");
		text_of(out, one, "organisation", CELL_PLAIN);
		if (json_is_string(json_object_get(one, "subject"))) {
			text_add(out, " (");
			text_of(out, one, "subject", CELL_PLAIN);
			text_add(out, ")");
		}
		text_add(out, ", entry ");
		text_of(out, one, "entry", CELL_PLAIN);
		text_add(out, ", ");
		text_of(out, one, "time", CELL_TIME);
	}
}

static void write_rules(struct buffer *out, const json_t *row)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(row, "rules"), i, one)
	{
		text_add(out, "%s", i ? "; " : "");
		text_of(out, one, "name", CELL_PLAIN);
		text_add(out, ": ");
		if (json_is_string(json_object_get(one, "hours")))
			text_of(out, one, "hours", CELL_PLAIN);
		else
			text_add(out, "at all hours");
	}
}

static void write_in_force(struct buffer *out, const json_t *row)
{
	text_of(out, row, "in_force.from", CELL_TIME);
	text_add(out, " to ");
	text_of(out, row, "in_force.to", CELL_TIME);
	text_add(out, " (");
	if (json_is_string(html_at(row, "in_force.ended_by")))
		text_of(out, row, "in_force.ended_by", CELL_PLAIN);
	else
		text_add(out, "not over yet");
	text_add(out, ")");
}

static const struct column agreement_facts[] = {
	{"Partner", "partner", CELL_PLAIN, NULL},
	{"Recipient", "recipient", CELL_PLAIN, NULL},
	{"Purposes", "purposes", CELL_PLAIN, NULL},
	{"Necessity", "necessity", CELL_PLAIN, NULL},
	{"Instrument", "instrument", CELL_PLAIN, NULL},
	{"Documents, by SHA-256", NULL, CELL_PLAIN, write_documents},
	{"Controller", "controller.name", CELL_PLAIN, NULL},
	{"In force", NULL, CELL_PLAIN, write_in_force},
	{"Review by", "valid.review_by", CELL_TIME, NULL},
	{"Proposed and consented", NULL, CELL_PLAIN, write_consented},
	{"Cameras covered", "cameras", CELL_PLAIN, NULL},
	{"Rules", NULL, CELL_PLAIN, write_rules},
	{"Kinds of reads", "kinds", CELL_WORDS, NULL},
	{"Classes of data", "share", CELL_WORDS, NULL},
	{"May be kept for", "keep_for_ms", CELL_LENGTH, NULL},
	{"Its text, by SHA-256", "sha256", CELL_HASH, NULL},
};

void html_agreements(struct buffer *out, const json_t *model)
{
	const json_t *one;
	size_t i;

	text_add(out,
		"<p>Every version that was in force at some moment of the period. What it says is what the "
		"bodies consented to; nobody here has judged whether it is so.</p>\n");
	json_array_foreach(json_object_get(model, "agreements"), i, one)
	{
		text_add(out, "<h3>");
		text_of(out, one, "agreement", CELL_PLAIN);
		text_add(out, ", version of journal entry ");
		text_of(out, one, "version", CELL_PLAIN);
		text_add(out, "</h3>\n");
		FACTS(out, agreement_facts, one);
	}
	if (i == 0)
		text_add(out, "<p class=\"none\">No agreement was in force.</p>\n");
}

/* --- cameras --- */

static const struct column camera_days[] = {
	{"Day", "date", CELL_TIME, NULL},
	{"Agreed", "agreed", CELL_PLAIN, NULL},
	{"On", "on", CELL_PLAIN, NULL},
};
static const struct column camera_areas[] = {
	{"Area", "area", CELL_PLAIN, NULL},
	{"Agreed, on the day with most", "agreed", CELL_PLAIN, NULL},
	{"On, on the day with most", "on", CELL_PLAIN, NULL},
	{"Days with any on", "days", CELL_PLAIN, NULL},
};

static void area_note(json_t *areas, const char *label, const json_t *today)
{
	json_t *area = json_object_get(areas, label);
	json_int_t agreed = json_integer_value(json_object_get(today, "agreed"));
	json_int_t on = json_integer_value(json_object_get(today, "on"));

	if (!area) {
		area = json_pack("{s:s, s:i, s:i, s:i}", "area", *label ? label : "(none)", "agreed", 0, "on",
			0, "days", 0);
		json_object_set_new(areas, label, area);
	}
	if (agreed > json_integer_value(json_object_get(area, "agreed")))
		json_object_set_new(area, "agreed", json_integer(agreed));
	if (on > json_integer_value(json_object_get(area, "on")))
		json_object_set_new(area, "on", json_integer(on));
	json_object_set_new(
		area, "days", json_integer(json_integer_value(json_object_get(area, "days")) + (on > 0)));
}

/* A row an area, in the order of their labels. */
static json_t *areas_of(const json_t *sharing)
{
	json_t *areas = json_object(), *list = json_array(), *today, *day;
	const char *label;
	size_t i;
	void *at;

	json_array_foreach(json_object_get(sharing, "days"), i, day) json_object_foreach(
		json_object_get(day, "areas"), label, today) area_note(areas, label, today);
	for (at = json_object_iter(areas); at; at = json_object_iter_next(areas, at))
		json_array_append(list, json_object_iter_value(at));
	json_decref(areas);
	return list;
}

void html_cameras(struct buffer *out, const json_t *model)
{
	const json_t *one;
	size_t i;

	text_add(out,
		"<p>A camera is <b>agreed</b> on a day if a version in force covered it at some moment of "
		"that day, and "
		"<b>on</b> if it was live then and every switch over it was on, on both sides, whatever "
		"hours its rules "
		"keep. Looked at at the beginning of each day, after each decision, and when an agreement "
		"began.</p>\n");
	json_array_foreach(json_object_get(model, "sharing"), i, one)
	{
		json_t *areas = areas_of(one);

		text_add(out, "<h3>");
		text_of(out, one, "agreement", CELL_PLAIN);
		text_add(out, " (");
		text_of(out, one, "partner", CELL_PLAIN);
		text_add(out, ")</h3>\n");
		plot_sharing(out, model, one);
		TABLE(out, "Cameras by day", camera_days, json_object_get(one, "days"), "");
		TABLE(out, "Cameras by area; the JSON form has them by day and area", camera_areas, areas,
			"No camera was agreed.");
		json_decref(areas);
	}
	if (i == 0)
		text_add(out, "<p class=\"none\">No camera was shared under any agreement.</p>\n");
}

/* --- reads --- */

static const struct column read_days[] = {
	{"Day", "date", CELL_TIME, NULL},
	{"Received", "received", CELL_PLAIN, NULL},
	{"Permitted", "permitted", CELL_PLAIN, NULL},
	{"Denied", "denied", CELL_PLAIN, NULL},
	{"Rejected", "rejected", CELL_PLAIN, NULL},
	{"Published", "published", CELL_PLAIN, NULL},
	{"Images left out", "images_dropped", CELL_PLAIN, NULL},
	{"Cameras that sent", "cameras_sent", CELL_PLAIN, NULL},
	{"Cameras with reads permitted", "cameras_shared", CELL_PLAIN, NULL},
};
static const struct column reason_columns[] = {
	{"What became of them", "what", CELL_PLAIN, NULL},
	{"Why", "why", CELL_WORDS, NULL},
	{"Reads", "n", CELL_PLAIN, NULL},
};

static void reasons_add(json_t *rows, const char *what, json_t *reasons)
{
	const char *why;
	json_t *n;

	json_object_foreach(reasons, why, n)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:O}", "what", what, "why", why, "n", n));
}

void html_reads(struct buffer *out, const json_t *model)
{
	const json_t *one;
	size_t i;

	text_add(out,
		"<p>Received = permitted + denied + rejected. Denied reads were decided against, with a "
		"reason; "
		"rejected lines were no reads. Neither leaves anything but these counts. A read that two "
		"agreements permit is permitted once and published twice. An hour of the clock counts by "
		"when the "
		"gateway settled it.</p>\n");
	json_array_foreach(json_object_get(model, "partners"), i, one)
	{
		json_t *rows = json_array();

		text_add(out, "<h3>");
		text_of(out, one, "partner", CELL_PLAIN);
		text_add(out, " (");
		text_of(out, one, "organisation", CELL_PLAIN);
		text_add(out, ")</h3>\n");
		plot_reads(out, one);
		TABLE(out, "Reads by day", read_days, json_object_get(one, "days"), "");
		reasons_add(
			rows, "denied", json_object_get(json_object_get(one, "total"), "denied_by_reason"));
		reasons_add(rows, "rejected",
			json_object_get(json_object_get(one, "total"), "rejected_by_reason"));
		TABLE(out, "Reads denied and rejected over the period, by reason", reason_columns, rows,
			"No read was denied or rejected.");
		json_decref(rows);
	}
}

/* --- gaps --- */

static const struct column gap_columns[] = {
	{"Partner", "partner", CELL_PLAIN, NULL},
	{"Cause", "cause", CELL_WORDS, NULL},
	{"From", "from", CELL_TIME, NULL},
	{"To", "to", CELL_TIME, NULL},
	{"Told", "told", CELL_TIME, NULL},
};

void html_gaps(struct buffer *out, const json_t *model)
{
	text_add(out,
		"<p>Where the gateway did not ask for a partner's reads, or could not have them: <i>off</i>, "
		"nothing "
		"was on, and what came next was asked for by time; <i>cursor gone</i>, the partner no longer "
		"had "
		"what followed; <i>ledger trimmed</i>, the gateway was down for longer than the ledger is "
		"kept.</p>\n");
	if (json_is_string(html_at(model, "gaps.known_from"))) {
		text_add(out, "<p><b>The ledger is whole only from ");
		text_of(out, model, "gaps.known_from", CELL_TIME);
		text_add(out, " on: earlier gaps are not known.</b></p>\n");
	}
	TABLE(out, "Gaps", gap_columns, html_at(model, "gaps.list"), "There were none.");
}

/* --- readers --- */

static const struct column agreed_readers[] = {
	{"Agreement", "agreement", CELL_PLAIN, NULL},
	{"Topic", "topic", CELL_PLAIN, NULL},
	{"Recipient", "recipient", CELL_PLAIN, NULL},
	{"May read", "principals", CELL_PLAIN, NULL},
	{"May read to verify", "verifiers", CELL_PLAIN, NULL},
	{"From", "from", CELL_TIME, NULL},
	{"To", "to", CELL_TIME, NULL},
};
static const struct column readers_now[] = {
	{"Topic", "topic", CELL_PLAIN, NULL},
	{"Who", "principal", CELL_PLAIN, NULL},
	{"Permission", "permission", CELL_PLAIN, NULL},
	{"Operation", "operation", CELL_PLAIN, NULL},
};
static const struct column retention_columns[] = {
	{"Topic", "topic", CELL_PLAIN, NULL},
	{"Agreed: at most", "agreed_ms", CELL_LENGTH, NULL},
	{"Set: kept for", "retention_ms", CELL_LENGTH, NULL},
	{"Set: a segment lasts", "segment_ms", CELL_LENGTH, NULL},
	{"So at most", "effective_ms", CELL_LENGTH, NULL},
	{"As agreed", "within", CELL_PLAIN, NULL},
};

void html_readers(struct buffer *out, const json_t *model)
{
	text_add(out,
		"<p>As agreed over the period; and as the brokers said when this report was made, which says "
		"nothing "
		"about any other day. Super-users of the brokers can read in any case, and Kafka does not "
		"disclose who they are.</p>\n");
	TABLE(out, "Who may read, as agreed", agreed_readers, html_at(model, "readers.agreed"),
		"No agreement was in force.");
	if (json_is_true(html_at(model, "readers.now.known"))) {
		TABLE(out, "Who may read now, by the brokers", readers_now,
			html_at(model, "readers.now.readers"), "Nobody may.");
	} else {
		text_add(out, "<p><b>Who may read now is not known:</b> ");
		text_of(out, model, "readers.now.why", CELL_PLAIN);
		text_add(out, ".</p>\n");
	}
	TABLE(out, "Retention, as agreed and as the brokers are set now", retention_columns,
		html_at(model, "readers.retention"), "No agreement was in force.");
}

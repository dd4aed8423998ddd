/* SPDX-License-Identifier: Apache-2.0
 *
 * Sections of the page: decisions, offs, what was verified, the duties of the law, what is not proved.
 */
#include "gateway/report/html.h"

static void who(struct buffer *out, const json_t *row)
{
	const json_t *person = json_object_get(row, "who");

	if (!json_is_object(person)) {
		text_add(out, "nobody: by itself, or by hand at node ");
		html_value(out, json_object_get(row, "node"), CELL_PLAIN);
		return;
	}
	html_value(out, json_object_get(person, "organisation"), CELL_PLAIN);
	if (json_is_string(json_object_get(person, "subject"))) {
		text_add(out, " (");
		html_value(out, json_object_get(person, "subject"), CELL_PLAIN);
		text_add(out, ")");
	}
}

static void covered(struct buffer *out, const char *name, const json_t *value, enum cell cell)
{
	if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
		(json_is_integer(value) && json_integer_value(value) == 0))
		return;
	text_add(out, "%s: ", name);
	html_value(out, value, cell);
	text_add(out, "<br>");
}

/* What a switch was turned over, and what came of a decision, in the gateway's words. */
static void about(struct buffer *out, const json_t *row)
{
	const json_t *covers = json_object_get(row, "covers");

	if (json_is_object(covers)) {
		covered(out, "partner", json_object_get(covers, "partner"), CELL_PLAIN);
		covered(out, "agreement", json_object_get(covers, "agreement"), CELL_PLAIN);
		covered(out, "rule", json_object_get(covers, "rule"), CELL_PLAIN);
		covered(out, "class", json_object_get(covers, "class"), CELL_WORDS);
		covered(out, "area", json_object_get(covers, "area"), CELL_PLAIN);
		covered(out, "cameras, by patterns", json_object_get(covers, "cameras"), CELL_PLAIN);
		covered(out, "for", json_object_get(covers, "for_ms"), CELL_LENGTH);
	} else {
		covered(out, "partner", json_object_get(row, "partners"), CELL_PLAIN);
	}
	if (json_is_integer(json_object_get(row, "proposal")))
		covered(out, "proposal", json_object_get(row, "proposal"), CELL_PLAIN);
	if (json_is_string(json_object_get(row, "effect")))
		html_value(out, json_object_get(row, "effect"), CELL_PLAIN);
}

static void consented(struct buffer *out, const json_t *row)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(row, "consented"), i, one)
	{
		text_add(out, "%s", i ? "<br>" : "");
		html_value(out, json_object_get(one, "organisation"), CELL_PLAIN);
		if (json_is_string(json_object_get(one, "subject"))) {
			text_add(out, " (");
			html_value(out, json_object_get(one, "subject"), CELL_PLAIN);
			text_add(out, ")");
		}
		text_add(out, ", entry ");
		html_value(out, json_object_get(one, "entry"), CELL_PLAIN);
	}
}

static const struct column changes[] = {
	{"Entry", "number", CELL_PLAIN, NULL},
	{"Time", "time", CELL_TIME, NULL},
	{"What", "action", CELL_WORDS, NULL},
	{"Who", NULL, CELL_PLAIN, who},
	{"About", NULL, CELL_PROSE, about},
	{"Reason given", "reason", CELL_PROSE, NULL},
	{"Hash", "hash", CELL_HASH, NULL},
};
static const struct column proposals[] = {
	{"Entry", "number", CELL_PLAIN, NULL},
	{"Proposed", "proposed", CELL_TIME, NULL},
	{"About", "about", CELL_PLAIN, NULL},
	{"Consented", NULL, CELL_PLAIN, consented},
	{"Waits for", "waiting_for", CELL_PLAIN, NULL},
	{"State now", "state", CELL_PLAIN, NULL},
	{"Text, by SHA-256", "sha256", CELL_HASH, NULL},
};

void html_decisions(struct buffer *out, const json_t *model)
{
	text_add(out,
		"<p>Entries of the journal, in its order, each signed by who is named. A proposal is its own "
		"body's "
		"consent; what widens takes effect with the last consent that is needed, what narrows at "
		"once.</p>\n");
	TABLE(out, "Proposals that were made, or consented to, in the period", proposals,
		json_object_get(model, "proposals"), "There were none.");
	TABLE(out, "Decisions", changes, json_object_get(model, "changes"), "There were none.");
}

/* --- offs --- */

static void receipt(struct buffer *out, const json_t *row)
{
	if (!json_is_object(json_object_get(row, "receipt"))) {
		text_add(out, "<b>not enforced when this was made</b>");
		return;
	}
	text_add(out, "entry ");
	html_value(out, html_at(row, "receipt.entry"), CELL_PLAIN);
	text_add(out, " ");
	html_value(out, html_at(row, "receipt.hash"), CELL_HASH);
}

static const struct column offs[] = {
	{"Entry", "number", CELL_PLAIN, NULL},
	{"What", "action", CELL_WORDS, NULL},
	{"Who", NULL, CELL_PLAIN, who},
	{"About", NULL, CELL_PROSE, about},
	{"Commanded", "commanded", CELL_TIME, NULL},
	{"Enforced", "receipt.fenced", CELL_TIME, NULL},
	{"Took", "receipt.took_ms", CELL_LENGTH, NULL},
	{"Receipt", NULL, CELL_HASH, receipt},
};

void html_offs(struct buffer *out, const json_t *model)
{
	text_add(out, "<p>Everything that narrowed what is shared. It counts from when a node took the "
		      "command on. The "
		      "receipt is the signed entry that says it was enforced everywhere: after it nothing it "
		      "covers was "
		      "appended. Where no publisher had to be fenced there is no such time.</p>\n");
	TABLE(out, "Offs, withdrawals, ends and other narrowings", offs, json_object_get(model, "offs"),
		"Nothing was narrowed.");
}

/* --- verification --- */

static const struct column verified[] = {
	{"Journal entries whose chain, signatures and authority hold", "journal_entries", CELL_PLAIN, NULL},
	{"Hash of the newest of them", "journal_hash", CELL_HASH, NULL},
	{"Narrowings not enforced yet", "not_enforced", CELL_PLAIN, NULL},
	{"Ledger records", "ledger_records", CELL_PLAIN, NULL},
	{"From", "ledger_from", CELL_TIME, NULL},
	{"To", "ledger_to", CELL_TIME, NULL},
	{"Signed hourly accounts", "accounts", CELL_PLAIN, NULL},
	{"Of these, compared with the ledger", "accounts_compared", CELL_PLAIN, NULL},
	{"Were reads on the police topics checked?", "reads_checked", CELL_PLAIN, NULL},
	{"Reads decided again", "reads", CELL_PLAIN, NULL},
	{"Of these, accounted for by the ledger", "reads_accounted", CELL_PLAIN, NULL},
	{"Gone by retention", "reads_gone", CELL_PLAIN, NULL},
	{"Older than what is left of the ledger", "reads_before_ledger", CELL_PLAIN, NULL},
};
static const struct column offences[] = {
	{"What is wrong", "offence", CELL_WORDS, NULL},
	{"How many", "count", CELL_PLAIN, NULL},
	{"First at", "first", CELL_PLAIN, NULL},
	{"Exactly", "what", CELL_PLAIN, NULL},
	{"It means", "meaning", CELL_PLAIN, NULL},
};

static const struct column counted[] = {
	{"Ledger records read for the counts", "ledger_records", CELL_PLAIN, NULL},
	{"Signed accounts read for the counts", "accounts", CELL_PLAIN, NULL},
	{"Accounts that no known node signed, not counted", "unsigned_accounts", CELL_PLAIN, NULL},
	{"Ledger records that could not be read, not counted", "unreadable", CELL_PLAIN, NULL},
};

void html_verified(struct buffer *out, const json_t *model)
{
	const json_t *verification = json_object_get(model, "verification");

	text_add(out, "<p>Checked when this was made, over all that lies in Kafka and not over the period "
		      "alone: each part "
		      "holds the others in place. Anybody with a verifier's certificate can do it again: "
		      "<code>anprctl "
		      "verify</code>.</p>\n");
	if (json_is_object(verification)) {
		FACTS(out, verified, verification);
		TABLE(out, "What is wrong", offences, json_object_get(verification, "offences"),
			"Nothing was found wrong.");
	} else {
		text_add(out, "<p class=\"none\">Nothing was verified.</p>\n");
	}
	FACTS(out, counted, json_object_get(model, "counted"));
}

/* --- the law --- */

static void met(struct buffer *out, const json_t *row)
{
	text_add(out, "<span class=\"met-");
	html_value(out, json_object_get(row, "met"), CELL_PLAIN);
	text_add(out, "\">");
	html_value(out, json_object_get(row, "met"), CELL_PLAIN);
	text_add(out, "</span>");
}

static const struct column duties[] = {
	{"Duty", "duty", CELL_PLAIN, NULL},
	{"Source", "source", CELL_PLAIN, NULL},
	{"Met here", NULL, CELL_PLAIN, met},
	{"Where", "where", CELL_PROSE, NULL},
	{"What is not met here", "not_met", CELL_PROSE, NULL},
};

void html_duties(struct buffer *out, const json_t *model)
{
	text_add(out, "<p>The Data Protection Act 2018, section 62, asks competent authorities to log what "
		      "is done in "
		      "automated systems. This is where this system keeps such logs, and what others have to "
		      "keep.</p>\n");
	TABLE(out, "Logging duties, and where each is met", duties, json_object_get(model, "duties"), "");
}

void html_limits(struct buffer *out, const json_t *model)
{
	const json_t *one;
	size_t i;

	text_add(out, "<p>Everything above is derived from what the gateway wrote, and holds as far as the "
		      "verification "
		      "does. Even then it does not prove:</p>\n<ul class=\"limits\">\n");
	json_array_foreach(json_object_get(model, "limits"), i, one)
	{
		text_add(out, "<li>");
		html_value(out, one, CELL_PLAIN);
		text_add(out, "</li>\n");
	}
	text_add(out, "</ul>\n");
}

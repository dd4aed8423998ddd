/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl status: how the gateway stands. The JSON is made in gateway/core/status.c.
 */
#include "gateway/ctl/client.h"
#include "gateway/ctl/screen.h"

#include <stdio.h>
#include <stdlib.h>

/* One word for whether reads flow, and why not. */
static const char *sharing(const json_t *p)
{
	if (json_is_true(json_object_get(p, "held")))
		return "held";
	if (json_is_true(json_object_get(p, "topic_missing")))
		return "topic missing";
	return json_is_true(json_object_get(p, "on")) ? "on" : "off";
}

static void partners_show(const json_t *partners)
{
	static const char *const headings[] = {"partner", "node", "sharing", "source", "cameras on",
		"received", "permitted", "denied", "rejected", "newest read", NULL};
	struct table t;
	const json_t *p;
	size_t i;

	table_begin(&t, headings);
	json_array_foreach(partners, i, p)
	{
		const json_t *totals = json_object_get(p, "totals"), *source = json_object_get(p, "source");
		const char *detail = json_text(source, "detail");
		table_add(&t, json_text(p, "id"));
		table_add(&t, *json_text(p, "node") ? json_text(p, "node") : "none");
		table_add(&t, sharing(p));
		table_format(&t, "%s%s%s", json_is_object(source) ? json_text(source, "state") : "see there",
			*detail ? ": " : "", detail);
		table_format(&t, "%llu of %llu", (unsigned long long)json_number(p, "cameras_on"),
			(unsigned long long)json_number(p, "cameras"));
		if (!json_is_object(totals)) {
			for (int gap = 0; gap < 5; gap++)
				table_add(&t, "");
			continue;
		}
		table_format(&t, "%llu", (unsigned long long)json_number(totals, "received"));
		table_format(&t, "%llu", (unsigned long long)json_number(totals, "permitted"));
		table_format(&t, "%llu", (unsigned long long)json_number(totals, "denied"));
		table_format(&t, "%llu", (unsigned long long)json_number(totals, "rejected"));
		table_add(&t, TIME_SHORT(p, "newest_arrival"));
	}
	table_end(&t, "No partner.");
}

static void reasons_show(const json_t *partners)
{
	const json_t *p;
	size_t i;

	json_array_foreach(partners, i, p)
	{
		json_t *reasons = json_object_get(json_object_get(p, "totals"), "denied_by_reason"), *n;
		const char *reason;
		if (json_object_size(reasons) == 0)
			continue;
		printf("  %s denied:", json_text(p, "id"));
		json_object_foreach(reasons, reason, n)
			printf(" %s %lld", reason, (long long)json_integer_value(n));
		putchar('\n');
	}
}

/* What offs have held back, where any is in force. */
static void suppressed_show(const json_t *partners)
{
	const json_t *p;
	size_t i;

	json_array_foreach(partners, i, p)
	{
		const json_t *s = json_object_get(p, "suppressed");
		if (json_is_object(s))
			printf("  %s: %llu reads denied by an off since %s (entry %llu); none is asked for "
			       "while nothing is on\n",
				json_text(p, "id"), (unsigned long long)json_number(s, "reads"),
				TIME_SHORT(s, "since"), (unsigned long long)json_number(s, "entry"));
	}
}

static void switches_show(const json_t *partners)
{
	static const char *const headings[] = {"partner", "side", "position", "agreement", "rule", "class",
		"cameras", "since", "until", "entry", NULL};
	struct table t;
	const json_t *p, *s;
	size_t i, k;

	table_begin(&t, headings);
	json_array_foreach(partners, i, p)
	{
		json_array_foreach(json_object_get(p, "switches"), k, s)
		{
			table_add(&t, json_text(p, "id"));
			table_add(&t, *json_text(s, "side") ? json_text(s, "side") : "stop file");
			table_add(&t, json_text(s, "position"));
			table_add(&t, *json_text(s, "agreement") ? json_text(s, "agreement") : "all");
			table_add(&t, *json_text(s, "rule") ? json_text(s, "rule") : "all");
			table_add(&t, *json_text(s, "class") ? json_text(s, "class") : "all");
			if (json_is_integer(json_object_get(s, "cameras")))
				table_format(&t, "%llu", (unsigned long long)json_number(s, "cameras"));
			else
				table_add(&t, "all");
			table_add(&t, TIME_SHORT(s, "since"));
			table_add(&t, TIME_SHORT(s, "until"));
			table_format(&t, "%llu", (unsigned long long)json_number(s, "entry"));
		}
	}
	table_end(&t, "No switch was ever turned: nothing is shared.");
}

static void publishers_show(const json_t *publishers)
{
	const json_t *p;
	size_t i;

	json_array_foreach(publishers, i, p)
	{
		const char *detail = json_text(p, "detail");
		printf("  publisher %llu is %s%s%s: %llu transactions, %llu aborted, the newest took %llu "
		       "ms\n",
			(unsigned long long)json_number(p, "publisher"), json_text(p, "state"),
			*detail ? ": " : "", detail, (unsigned long long)json_number(p, "transactions"),
			(unsigned long long)json_number(p, "aborted"),
			(unsigned long long)json_number(p, "transaction_ms"));
	}
}

static void problems_show(const json_t *problems)
{
	const json_t *p;
	size_t i;

	json_array_foreach(problems, i, p)
	{
		printf("%sproblem:%s ", colours()->bad, colours()->plain);
		print_plain(json_is_string(p) ? json_string_value(p) : "?");
		putchar('\n');
	}
	if (json_array_size(problems) == 0)
		printf("%sNo problem.%s\n", colours()->good, colours()->plain);
}

static void status_show(const json_t *view)
{
	const json_t *journal = json_object_get(view, "journal"),
		     *partners = json_object_get(view, "partners");

	printf("%sGateway %s%s at %s, deciding under policy version %llu\n\n", colours()->bold,
		json_text(view, "gateway"), colours()->plain, TIME_SHORT(view, "time"),
		(unsigned long long)json_number(view, "policy_version"));
	partners_show(partners);
	reasons_show(partners);
	suppressed_show(partners);
	putchar('\n');
	switches_show(partners);
	printf("\nJournal: entry %llu of %s, hash %.16s...; %llu not yet enforced\n",
		(unsigned long long)json_number(journal, "sequence"), TIME_SHORT(journal, "time"),
		json_text(journal, "hash"), (unsigned long long)json_number(journal, "not_yet_enforced"));
	publishers_show(json_object_get(view, "publishers"));
	putchar('\n');
	problems_show(json_object_get(view, "problems"));
}

static enum exit_code status(struct options *o)
{
	json_t *json = NULL;
	enum exit_code code = client_get(o, "/v1/status", &json);

	if (code == DONE && o->json)
		code = json_show(json);
	else if (code == DONE)
		status_show(json);
	json_decref(json);
	return code;
}

const struct verb verb_status = {
	.name = "status",
	.arguments = "",
	.summary = "partners, switches, counts, problems",
	.help = "Shows how a gateway stands: who shares, what was received, permitted, denied and rejected "
		"since the first\n"
		"read, every switch, and what is wrong. Counts only, nothing of any read.\n"
		"\n"
		"  anprctl status\n"
		"  anprctl status --json\n"
		"  anprctl status --gateway https://gw-2.example:8443\n",
	.common = {connection_options},
	.run = status,
};

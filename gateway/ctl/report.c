/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl report: the transparency report of a period, straight from Kafka or from an evidence bundle. What
 * is in it is gateway/report's; here it is asked for, verified and written.
 */
#include "gateway/report/report.h"

#include "gateway/base/file.h"
#include "gateway/base/memory.h"
#include "gateway/ctl/access.h"
#include "gateway/ctl/readers.h"
#include "gateway/ctl/records.h"
#include "gateway/ctl/report_make.h"
#include "gateway/verify/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What records come from: one of the two. Each is read once, so a verification has its own. */
struct origin {
	struct records *records;
	struct bundle *bundle;
};

struct job {
	const struct options *o;
	struct access access; /* of a cluster */
	struct verify_topics topics;
	char names[5][250];
	struct origin first, again;
	struct report *report;
	bool clean; /* nothing was found wrong */
	bool bar;   /* progress is on the terminal */
};

/* --- progress --- */

static void say(struct job *j, const char *what, uint64_t n)
{
	if (!isatty(STDERR_FILENO) || j->o->json || j->o->told)
		return;
	j->bar = true;
	fprintf(stderr, "\r  %s: %llu records ", what, (unsigned long long)n);
}

static void gathering(void *context, uint64_t records)
{
	say(context, "reading", records);
}

static void verifying(void *context, uint64_t done, uint64_t of)
{
	(void)of;
	say(context, "verifying", done);
}

static void say_end(struct job *j)
{
	if (j->bar)
		fprintf(stderr, "\r%60s\r", "");
	j->bar = false;
}

/* --- where records come from --- */

static enum exit_code origin_open(struct job *j, struct origin *origin)
{
	struct error e = {0};

	if (j->o->bundle)
		return ok(bundle_open(j->o->bundle, &origin->bundle, &e)) ? DONE
									  : fail_with(j->o, REFUSED, &e);
	origin->records = records_new(&j->access.config);
	return origin->records ? DONE : fail(j->o, REFUSED, "out of memory");
}

static const struct verify_source *origin_source(const struct origin *origin)
{
	return origin->bundle ? bundle_source(origin->bundle) : records_source(origin->records);
}

static void origin_close(struct origin *origin)
{
	records_free(origin->records);
	bundle_close(origin->bundle);
}

static void topics_name(struct job *j)
{
	static const char *const names[] = {"journal", "documents", "ledger", "accounts", "heads"};

	for (size_t i = 0; i < 5; i++)
		snprintf(j->names[i], sizeof j->names[i], "%sanpr.%s", j->o->prefix ? j->o->prefix : "",
			names[i]);
	j->topics = (struct verify_topics){j->names[0], j->names[1], j->names[2], j->names[3]};
	if (j->first.bundle)
		j->topics = *bundle_topics(j->first.bundle);
}

/* --- verifying --- */

static enum exit_code verify(struct job *j)
{
	bool with_reads = j->o->reads && !j->o->bundle;
	struct verification *v;
	struct status status;
	struct error e = {0};
	enum exit_code code = origin_open(j, &j->again);

	if (code != DONE)
		return code;
	v = verification_new(&j->topics, origin_source(&j->again), verifying, j);
	if (v && !with_reads)
		verification_leave_out_reads(v);
	status = v ? verification_round(v, &e) : S_OVERLOAD;
	say_end(j);
	if (ok(status)) {
		report_verification(j->report, v, with_reads,
			j->again.records ? records_unreadable(j->again.records) : "");
		j->clean = verification_clean(v);
	} else {
		code = fail_with(j->o, status.kind == STATUS_RETRY ? UNREACHABLE : REFUSED, &e);
	}
	error_free(&e);
	verification_free(v);
	return code;
}

/* --- the report --- */

static enum exit_code gather(struct job *j)
{
	struct error e = {0};
	struct status status =
		report_gather(j->report, &j->topics, origin_source(&j->first), gathering, j, &e);

	say_end(j);
	if (ok(status)) {
		error_free(&e);
		return DONE;
	}
	return fail_with(j->o, status.kind == STATUS_RETRY ? UNREACHABLE : REFUSED, &e);
}

static enum exit_code make(struct job *j)
{
	const struct report_question q = {j->o->from, j->o->to, j->o->zone, clock_now()};
	struct error e = {0};
	enum exit_code code;

	if (!ok(report_new(&q, &j->report, &e)))
		return fail_with(j->o, USAGE, &e);
	if (!j->o->bundle && (code = access_read(j->o, "anprctl-report", &j->access)) != DONE)
		return code;
	code = origin_open(j, &j->first);
	topics_name(j);
	if (code == DONE)
		code = gather(j);
	if (code == DONE)
		readers_ask(j->report, j->o->bundle ? NULL : &j->access, &j->topics, j->names[4]);
	if (code == DONE)
		code = verify(j);
	return code;
}

enum exit_code report_make(const struct options *o, struct report_made *out)
{
	enum report_form form = o->public ? REPORT_PUBLIC : REPORT_FULL;
	struct job j = {.o = o};
	enum exit_code code = make(&j);

	*out = (struct report_made){.clean = j.clean};
	if (code == DONE) {
		out->html = report_html(j.report, form);
		out->json = report_json(j.report, form);
		if (!out->html || !out->json)
			code = fail(o, REFUSED, "out of memory");
	}
	report_free(j.report);
	origin_close(&j.first);
	origin_close(&j.again);
	access_free(&j.access);
	return code;
}

void report_made_free(struct report_made *made)
{
	free(made->html);
	free(made->json);
	*made = (struct report_made){0};
}

/* --- the verb --- */

static enum exit_code write_out(const struct options *o, const char *text)
{
	struct error e = {0};

	if (!o->output)
		return puts(text) < 0 ? fail(o, REFUSED, "the report could not be written") : DONE;
	if (!ok(file_write(o->output, 0644, span_text(text), &e)))
		return fail_with(o, REFUSED, &e);
	error_free(&e);
	return DONE;
}

static bool as_json(const struct options *o)
{
	return o->json || (o->format && strcmp(o->format, "json") == 0);
}

static enum exit_code report(struct options *o)
{
	struct report_made made = {0};
	enum exit_code code;

	if (o->format && strcmp(o->format, "html") != 0 && strcmp(o->format, "json") != 0)
		return fail(o, USAGE, "--format takes html or json");
	code = report_make(o, &made);
	if (code == DONE)
		code = write_out(o, as_json(o) ? made.json : made.html);
	if (code == DONE && !made.clean)
		code = fail(o, REFUSED,
			"the report is written, but the verification found something wrong: see there");
	report_made_free(&made);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "from", "DAY", "the first day, such as 2026-11-01", from),
	OPTION(OPTION_TEXT, "to", "DAY", "the last day", to),
	OPTION(OPTION_TEXT, "zone", "ZONE", "whose days (default Europe/London)", zone),
	OPTION(OPTION_TEXT, "format", "html|json", "what to write (default html)", format),
	OPTION(OPTION_FLAG, "public", NULL, "for everybody: no people, no free text, small counts rounded",
		public),
	OPTION(OPTION_TEXT, "output", "FILE", "write it there (also -o FILE)", output),
	OPTION(OPTION_FLAG, "reads", NULL, "verify the reads on the police topics too: takes long", reads),
	OPTION(OPTION_TEXT, "prefix", "TEXT",
		"what the names of the gateway's topics begin with, before 'anpr.'", prefix),
	OPTION(OPTION_TEXT, "bundle", "FILE", "of an evidence bundle instead of a cluster", bundle),
	{0},
};

const struct verb verb_report = {
	.name = "report",
	.arguments =
		"--from DAY --to DAY [--format html|json] [--public] [-o FILE] --kafka BROKERS --kafka-ca "
		"FILE --kafka-cert FILE "
		"--kafka-key FILE",
	.summary = "the transparency report of a period",
	.help = "Derived from journal, ledger and accounts, straight from Kafka, and verified: agreements in "
		"force with purpose,\n"
		"necessity, instrument and documents; cameras agreed and on, by agreement, day and area; "
		"reads "
		"received, permitted,\n"
		"denied and rejected, by reason; every decision with who proposed and consented; every off "
		"with "
		"its receipt; who\n"
		"could read, how long it is kept, gaps; and which duties of the law are met where, or not. "
		"It "
		"reads no police topic\n"
		"unless --reads is given.\n"
		"\n"
		"  anprctl report --from 2026-11-01 --to 2026-11-30 -o november.html --kafka kafka-1:9093 "
		"--kafka-ca ca.pem\n"
		"      --kafka-cert verifier.pem --kafka-key verifier.key\n"
		"  anprctl report --from 2026-11-01 --to 2026-11-30 --public -o november-public.html ...\n"
		"  anprctl report --from 2026-11-01 --to 2026-11-30 --bundle november.bundle -o "
		"november.html\n"
		"\n"
		"Days are those of Europe/London, or of --zone; what each is in UTC is in the report. A "
		"verifier's "
		"certificate will do.\n"
		"Who may read the topics now is known where the certificate may ask the brokers (an "
		"administrator's, the gateway's);\n"
		"elsewhere the report says that it was not known. Exit status 0: nothing is wrong; 1: the "
		"journal "
		"is not whole (no\n"
		"report), or the verification found something (told in the report).\n",
	.options = options,
	.common = {kafka_options},
	.run = report,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl verify: what lies in Kafka, checked without asking the gateway. What is checked is in
 * gateway/verify; here it is asked for and told.
 */
#include "gateway/verify/bundle.h"

#include "gateway/base/file.h"
#include "gateway/ctl/access.h"
#include "gateway/ctl/records.h"
#include "gateway/ctl/screen.h"
#include "gateway/ctl/watch_metrics.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEM_MAX     (1u << 20)
#define FOLLOW_MS   1000
#define FOLLOW_STEP 100

struct job {
	const struct options *o;
	struct access access;
	struct verify_topics topics;
	char names[4][250];
	struct records *records; /* one of the two */
	struct bundle *bundle;
	struct verification *verification;
	int64_t began_ms;
	bool bar; /* a progress bar is on the terminal */
	bool told[OFFENCE_COUNT];
	struct watch_metrics *metrics; /* NULL = none wanted */
	struct buffer trouble;         /* of the last round; empty = none */
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

/* --- what the asker knows from elsewhere --- */

static enum exit_code head_parse(struct job *j)
{
	const char *text = j->o->head;
	struct digest hash;
	char *end = NULL;
	unsigned long long sequence = text ? strtoull(text, &end, 10) : 0;

	if (!text)
		return DONE;
	if (*text < '0' || *text > '9' || sequence == 0 || *end != ':' ||
		!ok(hex_parse(span_text(end + 1), hash.v, sizeof hash.v)))
		return fail(j->o, USAGE, "--head takes NUMBER:HASH, such as 'anprctl history' shows them");
	verification_remember_head(j->verification, sequence, &hash);
	return DONE;
}

static enum exit_code root_parse(struct job *j, const char *text)
{
	const char *equals = strchr(text, '=');
	char organisation[80];
	struct buffer pem = {0};
	struct error e = {0};

	if (!equals || equals == text || (size_t)(equals - text) >= sizeof organisation)
		return fail(j->o, USAGE, "--root takes ORGANISATION=FILE, its CA's certificate");
	snprintf(organisation, sizeof organisation, "%.*s", (int)(equals - text), text);
	if (!ok(file_read(equals + 1, PEM_MAX, &pem, &e)))
		return fail_with(j->o, USAGE, &e);
	verification_remember_root(j->verification, organisation, buffer_span(&pem));
	buffer_free(&pem);
	return DONE;
}

static enum exit_code remember(struct job *j)
{
	enum exit_code code = head_parse(j);

	for (size_t i = 0; i < j->o->roots.n && code == DONE; i++)
		code = root_parse(j, j->o->roots.items[i]);
	return code;
}

/* --- progress --- */

#define BAR "########################################"

static void progress(void *context, uint64_t done, uint64_t of)
{
	struct job *j = context;
	int64_t took = clock_monotonic_ms() - j->began_ms;
	int share = of > 0 ? (int)(40 * (done < of ? done : of) / of) : 0;

	watch_metrics_show(j->metrics, j->verification);
	if (!isatty(STDERR_FILENO) || j->o->json)
		return;
	j->bar = true;
	fprintf(stderr, "\r  [%-40.*s] %llu reads, %llu a second ", share, BAR, (unsigned long long)done,
		(unsigned long long)(took > 0 ? done * 1000 / (uint64_t)took : 0));
}

static void progress_end(struct job *j)
{
	if (j->bar)
		fprintf(stderr, "\r%80s\r", "");
	j->bar = false;
}

/* --- telling --- */

static const char *unreadable(const struct job *j)
{
	return j->records ? records_unreadable(j->records) : "";
}

static json_t *offences_json(const struct verification *v)
{
	json_t *list = json_array();

	for (int kind = 1; kind < OFFENCE_COUNT; kind++) {
		const struct offence *o = verification_offence(v, (enum offence_kind)kind);

		if (o)
			json_array_append_new(
				list, json_pack("{s:s,s:I,s:s,s:s,s:s}", "offence",
					      offence_name((enum offence_kind)kind), "count",
					      (json_int_t)o->n, "first", o->where, "what", o->what, "meaning",
					      offence_meaning((enum offence_kind)kind)));
	}
	return list;
}

static void tell_json(const struct job *j)
{
	const struct verify_figures *f = verification_figures(j->verification);
	struct digest hash;
	uint64_t head = verification_head(j->verification, &hash);
	json_t *out = json_pack("{s:b,s:o,s:{s:I,s:s}}", "clean", verification_clean(j->verification),
		"offences", offences_json(j->verification), "head", "number", (json_int_t)head, "hash",
		DIGEST_TEXT(&hash));
	json_t *figures = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "entries",
		(json_int_t)f->entries, "ledger_records", (json_int_t)f->ledger_records, "accounts",
		(json_int_t)f->statements, "accounts_compared", (json_int_t)f->accounts_compared, "reads",
		(json_int_t)f->reads, "reads_accounted", (json_int_t)f->reads_accounted, "reads_gone",
		(json_int_t)f->reads_gone, "reads_before_ledger", (json_int_t)f->reads_before_ledger,
		"not_enforced", (json_int_t)f->not_enforced);

	json_object_set_new(out, "figures", figures);
	json_object_set_new(out, "unreadable", json_string(unreadable(j)));
	json_object_set_new(out, "took_ms", json_integer(clock_monotonic_ms() - j->began_ms));
	json_dumpf(out, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(out);
}

static void tell_offence(enum offence_kind kind, const struct offence *o)
{
	printf("%s%s%s", colours()->bad, offence_name(kind), colours()->plain);
	if (o->n > 1)
		printf(", %llu of them", (unsigned long long)o->n);
	printf("\n  %s\n  first: ", offence_meaning(kind));
	print_plain(o->where);
	printf("\n         ");
	print_plain(o->what);
	putchar('\n');
}

static void tell_figures(const struct job *j)
{
	const struct verify_figures *f = verification_figures(j->verification);
	struct digest hash;
	uint64_t head = verification_head(j->verification, &hash);

	print_field("journal", "%llu entries; chain, signatures and authority hold up to entry %llu, hash %s",
		(unsigned long long)f->entries, (unsigned long long)head, DIGEST_TEXT(&hash));
	if (f->not_enforced > 0)
		print_field("", "%llu that narrow are not enforced yet", (unsigned long long)f->not_enforced);
	if (f->ledger_records > 0)
		print_field("ledger", "%llu records, from %s to %s", (unsigned long long)f->ledger_records,
			CLOCK_TEXT(f->from), CLOCK_TEXT(f->to));
	print_field("accounts", "%llu signed hours, %llu of them compared with the ledger",
		(unsigned long long)f->statements, (unsigned long long)f->accounts_compared);
	print_field("reads", "%llu decided again, %llu of them accounted for by the ledger",
		(unsigned long long)f->reads, (unsigned long long)f->reads_accounted);
	if (f->reads_gone > 0)
		print_field("", "%llu gone by retention", (unsigned long long)f->reads_gone);
	if (f->reads_before_ledger > 0)
		print_field("", "%llu older than what is kept of the ledger",
			(unsigned long long)f->reads_before_ledger);
	if (*unreadable(j))
		print_field("not read", "%s: this certificate may not", unreadable(j));
	if (j->bundle)
		print_field("not read", "the reads themselves: a bundle has none");
}

static void tell(const struct job *j)
{
	if (j->o->json) {
		tell_json(j);
		return;
	}
	for (int kind = 1; kind < OFFENCE_COUNT; kind++) {
		const struct offence *o = verification_offence(j->verification, (enum offence_kind)kind);

		if (o)
			tell_offence((enum offence_kind)kind, o);
	}
	if (verification_clean(j->verification))
		printf("%sNothing is wrong.%s\n", colours()->good, colours()->plain);
	tell_figures(j);
}

/* While following: each kind of offence as soon as it is met. */
static void tell_new(struct job *j)
{
	for (int kind = 1; kind < OFFENCE_COUNT; kind++) {
		const struct offence *o = verification_offence(j->verification, (enum offence_kind)kind);

		if (!o || j->told[kind])
			continue;
		j->told[kind] = true;
		if (j->o->json)
			tell_json(j);
		else
			tell_offence((enum offence_kind)kind, o);
		fflush(stdout);
	}
}

/* --- running --- */

/* What stands in the way is told; while following once, and then waited for. */
static enum exit_code round_once(struct job *j)
{
	struct error e = {0};
	int64_t began_ms = clock_monotonic_ms();
	struct status status = verification_round(j->verification, &e);
	enum exit_code code = status.kind == STATUS_REFUSED ? REFUSED : UNREACHABLE;
	struct buffer trouble = {0};

	watch_metrics_show(j->metrics, j->verification);
	watch_metrics_round(j->metrics, began_ms, ok(status));
	progress_end(j);
	if (ok(status))
		code = DONE;
	else if (!ok(buffer_format(&trouble, "%s", error_text(&e))) ||
		 !span_equal(buffer_span(&trouble), buffer_span(&j->trouble)))
		(void)fail_with(j->o, code, &e);
	fflush(stdout);
	buffer_free(&j->trouble);
	j->trouble = trouble;
	error_free(&e);
	return code;
}

static void pause_between(void)
{
	for (int waited = 0; waited < FOLLOW_MS && !told_to_end; waited += FOLLOW_STEP)
		clock_sleep_ms(FOLLOW_STEP);
}

static void follow(struct job *j)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while (!told_to_end) {
		(void)round_once(j);
		tell_new(j);
		pause_between();
	}
}

static enum exit_code run(struct job *j)
{
	enum exit_code code = DONE;

	if (j->o->follow)
		follow(j);
	else
		code = round_once(j);
	if (code != DONE)
		return code;
	tell(j);
	return verification_clean(j->verification) ? DONE : REFUSED;
}

static void topics_name(struct job *j)
{
	static const char *const names[] = {"journal", "documents", "ledger", "accounts"};

	for (size_t i = 0; i < 4; i++)
		snprintf(j->names[i], sizeof j->names[i], "%sanpr.%s", j->o->prefix ? j->o->prefix : "",
			names[i]);
	j->topics = (struct verify_topics){j->names[0], j->names[1], j->names[2], j->names[3]};
}

static enum exit_code cluster_open(struct job *j)
{
	enum exit_code code = access_read(j->o, "anprctl-verify", &j->access);

	if (code != DONE)
		return code;
	topics_name(j);
	j->records = records_new(&j->access.config);
	if (j->records)
		j->verification = verification_new(&j->topics, records_source(j->records), progress, j);
	return j->verification ? DONE : fail(j->o, REFUSED, "out of memory");
}

static enum exit_code bundle_take(struct job *j)
{
	struct error e = {0};

	if (j->o->follow)
		return fail(j->o, USAGE, "a bundle does not grow: --follow is for a cluster");
	if (!ok(bundle_open(j->o->bundle, &j->bundle, &e)))
		return fail_with(j->o, REFUSED, &e);
	j->verification = verification_new(bundle_topics(j->bundle), bundle_source(j->bundle), progress, j);
	return j->verification ? DONE : fail(j->o, REFUSED, "out of memory");
}

static enum exit_code metrics_begin(struct job *j)
{
	struct error e = {0};

	if (!j->o->metrics)
		return DONE;
	if (!j->o->follow)
		return fail(j->o, USAGE, "--metrics is for --follow");
	return ok(watch_metrics_start(j->o->metrics, &j->metrics, &e)) ? DONE : fail_with(j->o, USAGE, &e);
}

static enum exit_code verify(struct options *o)
{
	struct job j = {.o = o, .began_ms = clock_monotonic_ms()};
	enum exit_code code = o->bundle ? bundle_take(&j) : cluster_open(&j);

	if (code == DONE)
		code = remember(&j);
	if (code == DONE)
		code = metrics_begin(&j);
	if (code == DONE)
		code = run(&j);
	watch_metrics_stop(j.metrics);
	buffer_free(&j.trouble);
	verification_free(j.verification);
	records_free(j.records);
	bundle_close(j.bundle);
	access_free(&j.access);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "head", "N:HASH",
		"an entry of the journal that you saw before: it must still be there", head),
	OPTION(OPTION_TEXTS, "root", "ORG=FILE", "an organisation's CA as you know it (PEM); may be repeated",
		roots),
	OPTION(OPTION_TEXT, "prefix", "TEXT",
		"what the names of the gateway's topics begin with, before 'anpr.'", prefix),
	OPTION(OPTION_TEXT, "bundle", "FILE", "check an evidence bundle instead of a cluster", bundle),
	OPTION(OPTION_FLAG, "follow", NULL, "keep watching, and tell each offence as it is met", follow),
	OPTION(OPTION_TEXT, "metrics", "ADDRESS:PORT",
		"while following, serve /metrics for Prometheus there, on the loopback address", metrics),
	{0},
};

const struct verb verb_verify = {
	.name = "verify",
	.arguments =
		"--kafka BROKERS --kafka-ca FILE --kafka-cert FILE --kafka-key FILE [--head N:HASH] [--root "
		"ORG=FILE] [--follow]",
	.summary = "check journal, ledger and topic, straight from Kafka",
	.help = "Checks, without asking the gateway, that every journal entry follows the one before, is "
		"signed, and "
		"was its\n"
		"author's to make; that ledger and accounts add up; that every read on the topic was "
		"permitted by "
		"the policy\n"
		"version stamped on it, holds what its agreement allows and no more, and is in the ledger; "
		"that "
		"none was added,\n"
		"altered or taken away; and that nothing follows an off. Needs a certificate that may read "
		"them "
		"(a verifier's).\n"
		"\n"
		"  anprctl verify --kafka kafka-1:9093 --kafka-ca ca.pem --kafka-cert verifier.pem "
		"--kafka-key "
		"verifier.key\n"
		"  anprctl verify ... --head 1204:9f3c... --root tfl=tfl-ca.pem\n"
		"  anprctl verify ... --follow --metrics 127.0.0.1:9465\n"
		"  anprctl verify --bundle november.bundle\n"
		"\n"
		"The first offence of each kind is told exactly, the others are counted. Exit status 0: "
		"nothing is "
		"wrong; 1: something is.\n"
		"What it cannot tell: a journal replaced from its first entry on, unless --head or --root "
		"say what it "
		"must contain.\n",
	.options = options,
	.common = {kafka_options},
	.run = verify,
};

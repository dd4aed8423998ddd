/* SPDX-License-Identifier: Apache-2.0
 *
 * The transparency report of a period, derived from journal, documents, ledger and accounts: what was agreed,
 * what was shared, what was decided and by whom, what was not. It reads no police topic: reads are counted,
 * never seen. Where records come from is a source's business (verify.h); what the brokers say, and what a
 * verification found, is handed in.
 *
 * One thread; memory does not grow with the number of reads.
 */
#ifndef ANPR_REPORT_REPORT_H
#define ANPR_REPORT_REPORT_H

#include "gateway/verify/verify.h"
#include "policy/agreement.h"

#define REPORT_ZONE     "Europe/London"
#define REPORT_DAYS_MAX 366

struct report_question {
	const char *from, *to; /* local days "2026-11-01", both included */
	const char *zone;      /* IANA name; NULL = REPORT_ZONE */
	struct utc_ms now;     /* when the report is made */
};

struct report;

/* errors: BAD_INPUT: no such day or zone, `to` before `from`, more than REPORT_DAYS_MAX days, a zone whose
 * days do not begin with a clock hour of UTC (accounts are kept by these); with why in `e` */
MUST struct status report_new(const struct report_question *q, struct report **out, struct error *e);
void report_free(struct report *r); /* NULL is fine */

/* Read everything. Once, before what follows.
 * shape   topics, source: borrowed for the call; progress: told the records read so far, may be NULL
 * errors  RETRY: the source failed; REFUSED: it cannot be read, or the journal is not whole: of such a one
 *         nothing can be told. With why in `e`. */
MUST struct status report_gather(struct report *r, const struct verify_topics *topics,
	const struct verify_source *source, void (*progress)(void *context, uint64_t records), void *context,
	struct error *e);

/* The terms of every agreement in force in the period: whose topics the brokers are to be asked about. */
void report_agreements(
	const struct report *r, void (*each)(void *context, const struct agreement *terms), void *context);
/* What the brokers say of topics and rights now, as cluster_print_view writes it in JSON; or NULL, and why it
 * is not known. */
void report_brokers(struct report *r, const char *view, const char *why_not);
/* What a verification found; without this call the report says that nothing was verified.
 * with_reads: the police topics were read; unreadable: topics that could not be; "" = none. */
void report_verification(
	struct report *r, const struct verification *v, bool with_reads, const char *unreadable);

/* Who it is for. The public form has no people, no free text and no camera ids, and counts of reads are
 * rounded (redact.c). */
enum report_form { REPORT_FULL = 0, REPORT_PUBLIC };

/* As JSON (model.c lists what is in it). The caller frees. */
char *report_json(const struct report *r, enum report_form form);
/* As a page of its own: no script, nothing asked for from elsewhere, made to be printed. The caller frees. */
char *report_html(const struct report *r, enum report_form form);

#endif

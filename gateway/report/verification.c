/* SPDX-License-Identifier: Apache-2.0
 *
 * What a verification found, and what it looked at, as part of the model.
 */
#include "gateway/report/internal.h"

static json_t *offences_of(const struct verification *v)
{
	json_t *list = json_array();

	for (int kind = 1; kind < OFFENCE_COUNT; kind++) {
		const struct offence *o = verification_offence(v, (enum offence_kind)kind);

		if (o)
			json_array_append_new(
				list, json_pack("{s:s, s:I, s:s, s:s, s:s}", "offence",
					      offence_name((enum offence_kind)kind), "count",
					      (json_int_t)o->n, "first", o->where, "what", o->what, "meaning",
					      offence_meaning((enum offence_kind)kind)));
	}
	return list;
}

void report_verification(
	struct report *r, const struct verification *v, bool with_reads, const char *unreadable)
{
	const struct verify_figures *f = verification_figures(v);
	struct digest hash;
	uint64_t head = verification_head(v, &hash);

	json_decref(r->verification);
	r->verification =
		json_pack("{s:b, s:o, s:I, s:s, s:I, s:o, s:o, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:s}",
			"clean", verification_clean(v), "offences", offences_of(v), "journal_entries",
			(json_int_t)head, "journal_hash", DIGEST_TEXT(&hash), "ledger_records",
			(json_int_t)f->ledger_records, "ledger_from", model_time(f->from.v), "ledger_to",
			model_time(f->to.v), "accounts", (json_int_t)f->statements, "accounts_compared",
			(json_int_t)f->accounts_compared, "reads_checked", with_reads, "reads",
			(json_int_t)f->reads, "reads_accounted", (json_int_t)f->reads_accounted, "reads_gone",
			(json_int_t)f->reads_gone, "reads_before_ledger", (json_int_t)f->reads_before_ledger,
			"not_enforced", (json_int_t)f->not_enforced, "unreadable", unreadable);
}

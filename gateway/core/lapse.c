/* SPDX-License-Identifier: Apache-2.0
 *
 * What falls due by time: the end of a `--for`, of an agreement, of a proposal nobody finished. Timelines
 * already end there by themselves; the journal says so, and what shares less from then on is fenced like any
 * off.
 */
#include "gateway/core/core_internal.h"

#define APPEND_MS 5000

static struct status prepare(void *context, const struct governance *g, struct utc_ms now,
	Anpr__V1__JournalEntry *body, struct error *e)
{
	Anpr__V1__Lapse *lapse = context;
	struct utc_ms next;

	(void)e;
	TRY(governance_due(g, now, lapse, &next)); /* another node may have been quicker */
	body->body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
	body->lapse = lapse;
	return S_OK;
}

static void look(void *context, const struct governance *g)
{
	Anpr__V1__Lapse lapse;
	struct utc_ms next;

	*(bool *)context = ok(governance_due(g, clock_now(), &lapse, &next));
}

bool lapse_append(struct core *core)
{
	Anpr__V1__Lapse lapse;
	struct journal_append append = {.prepare = prepare, .context = &lapse, .timeout_ms = APPEND_MS};
	struct error e = {0};
	bool due = false;

	journal_look(core->journal, look, &due);
	if (due && ok(journal_append(core->journal, &append, &e)))
		log_info("lapsed", "entry=%llu subject=%llu", (unsigned long long)append.entry,
			(unsigned long long)lapse.subject);
	error_free(&e);
	return due;
}

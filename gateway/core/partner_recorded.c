/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's state from what heads and ledger say of it, read back after a crash, a fence or an unsure
 * commit.
 */
#include "gateway/core/partner.h"

#include <stdio.h>

static struct status set_cursor(struct partner *p, const char *cursor)
{
	REQUIRE(strlen(cursor) <= READ_CURSOR_MAX, S_BAD_INPUT);
	snprintf(p->cursor, sizeof p->cursor, "%s", cursor);
	return S_OK;
}

static void arrived_at(struct partner *p, int64_t ms)
{
	if (p->newest_arrival_ms < ms)
		p->newest_arrival_ms = ms;
}

struct status partner_take_head(struct partner *p, const Anpr__V1__PartnerHead *m)
{
	TRY(set_cursor(p, m->cursor));
	for (size_t i = 0; i < m->n_feeds; i++)
		TRY(feed_take_over(&p->feeds, m->feeds[i]));
	p->hour_ms = m->hour_ms;
	p->off_since_ms = m->off_since_ms;
	arrived_at(p, m->received_at_ms);
	return m->ever ? totals_add_message(&p->ever, m->ever) : S_OK;
}

static void take_gap(struct partner *p, const Anpr__V1__Gap *gap, bool own)
{
	if (gap->cause == ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF)
		p->off_since_ms = gap->from_ms;
	if (own)
		partner_gap_told(p, gap->cause, gap->from_ms);
}

struct status partner_take_record(struct partner *p, const Anpr__V1__PartnerRecord *m, bool own)
{
	TRY(set_cursor(p, m->cursor));
	for (size_t i = 0; i < m->n_feeds; i++)
		TRY(feed_take_over(&p->feeds, m->feeds[i]));
	arrived_at(p, m->received_at_ms);
	for (size_t i = 0; i < m->n_gaps; i++)
		take_gap(p, m->gaps[i], own);
	if (m->totals && m->totals->received > 0)
		p->off_since_ms = 0;
	if (m->totals)
		TRY(totals_add_message(&p->hour, m->totals));
	return m->totals ? totals_add_message(&p->ever, m->totals) : S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * How a report keeps what it knows. Private to this folder.
 *
 *   report.c    made and freed; the order in which things are read
 *   period.c    local days as moments of UTC
 *   replay.c    the journal entry by entry; what its entries say that governance does not keep
 *   sharing.c   cameras agreed and on, by agreement, day and area
 *   counts.c    reads by partner and day, out of ledger and accounts
 *   model.c     all of it as JSON, with model_*.c for its parts
 *   redact.c    the public form of the model
 */
#ifndef ANPR_REPORT_INTERNAL_H
#define ANPR_REPORT_INTERNAL_H

#include "gateway/base/memory.h"
#include "gateway/governance/governance.h"
#include "gateway/report/report.h"
#include "policy/decide.h"
#include "policy/zone.h"

#include <jansson.h>
#include <uthash.h>

#define HOUR_MS    INT64_C(3600000)
#define DAY_MS     (24 * HOUR_MS)
#define DATE_BYTES 11

/* --- period.c --- */
struct day {
	char date[DATE_BYTES];
	int64_t from, to; /* UTC ms; to: the next day's from */
};
struct period {
	struct zone *zone;
	struct day *days;
	size_t n;
	int64_t from, to; /* UTC ms, `to` not included */
};
MUST struct status period_make(const struct report_question *q, struct period *out, struct error *e);
void period_fini(struct period *p);
#define NO_DAY SIZE_MAX
/* The day that the moment is in; NO_DAY: none of the period. */
size_t period_day(const struct period *p, int64_t at);

/* --- replay.c --- */
struct consent_note { /* who consented to a proposal by an entry of its own */
	uint64_t proposal, entry;
};
struct enforced_note {
	uint64_t entry, by; /* the entry made good; the enforced entry */
	int64_t fenced_at;  /* when the last fence returned; 0 = there was none to set */
	uint64_t took_ms;   /* from acceptance to the last fence, of the oldest of its entries */
};
struct switch_note {
	uint64_t entry;
	json_t *covers; /* what a switch was turned over; see model_changes.c */
};
struct notes {
	struct consent_note *consents;
	size_t n_consents;
	struct enforced_note *enforced;
	size_t n_enforced;
	struct switch_note *switches;
	size_t n_switches;
};

/* --- sharing.c --- */
struct shared_camera {
	char *id;
	size_t agreed_on, on_on; /* the newest day it was counted; NO_DAY = none */
	UT_hash_handle hh;
};
struct camera_days {
	uint32_t agreed, on; /* cameras, each once a day */
};
struct shared_area {
	char *label; /* "" = none */
	struct camera_days *days;
	UT_hash_handle hh;
};
struct step {
	int64_t at;
	uint32_t on; /* cameras on from then */
};
struct sharing { /* of an agreement, all its versions */
	char *agreement, *partner;
	struct shared_camera *cameras;
	struct shared_area *areas;
	struct camera_days *days;
	struct step *steps;
	size_t n_steps;
	uint32_t on; /* while one moment is looked at */
};

/* --- counts.c --- */
struct tally {
	uint64_t received, permitted, published, images_dropped;
	uint64_t denied[REASON_COUNT], rejected[REJECTION_COUNT];
};
struct camera_bits {
	char *id;
	uint8_t *sent, *shared; /* a bit a day */
	UT_hash_handle hh;
};
struct partner_day {
	struct tally tally;
	uint32_t hours_ledger, hours_accounts; /* where its hours were counted from */
	uint32_t hours_part;                   /* no account, and the ledger's beginning is gone */
	uint32_t cameras_sent, cameras_shared;
};
struct hour; /* counts.c */
struct partner_counts {
	char *id;
	struct camera_bits *cameras;
	struct partner_day *days;
	struct hour **hours; /* of the period; NULL: nothing is known of it */
	size_t n_hours;
	UT_hash_handle hh;
};
struct gap_note {
	char *partner;
	Anpr__V1__GapCause cause;
	int64_t from, to, told; /* to 0 = open: what came next was asked for by time */
};
struct counts {
	struct partner_counts *partners;
	struct gap_note *gaps;
	size_t n_gaps;
	struct ledger_start *starts; /* by publisher */
	size_t n_starts;
	uint64_t ledger_records, accounts, unsigned_accounts, unreadable;
	int64_t ledger_from; /* from then on the ledger is whole; 0 = from its beginning */
};
struct ledger_start {
	uint64_t ordinal; /* of the first record that is left; 0 = there is none */
	int64_t at;
};

struct report {
	struct report_question q;
	struct period period;
	struct document_store *documents;
	struct governance *governance;
	struct notes notes;
	struct sharing *sharings;
	size_t n_sharings;
	int64_t looked_at; /* sharing is known up to here */
	struct counts counts;
	json_t *brokers;      /* NULL = not known */
	char *brokers_why;    /* why not */
	json_t *verification; /* NULL = none was made */
	const struct verify_topics *topics;
	const struct verify_source *source;
	void (*progress)(void *context, uint64_t records);
	void *progress_context;
	uint64_t records;
};

/* A record was read. */
void report_did(struct report *r);

/* Read texts and journal. errors: as report_gather */
MUST struct status replay(struct report *r, int64_t journal_end, struct error *e);
void notes_free(struct notes *n);

/* Look at every moment up to and including `until` at which cameras may have come on by themselves: the
 * beginnings of days, and of agreements. */
void sharing_advance(struct report *r, int64_t until);
/* Look at one moment. */
void sharing_look(struct report *r, int64_t at);
void sharings_free(struct report *r);

/* errors: as report_gather */
MUST struct status counts_read(struct report *r, int64_t accounts_end, const int64_t *ledger_ends,
	int32_t publishers, struct error *e);
void counts_free(struct counts *c);

/* --- model.c and its parts; each returns a new object --- */
json_t *model_make(const struct report *r);
json_t *model_time(int64_t at);       /* RFC 3339; null where it is 0 */
json_t *model_text(const char *text); /* null where it is NULL or empty */
json_t *model_number(uint64_t n);
bool model_in_period(const struct report *r, const json_t *time);
json_t *model_agreements(const struct report *r, const json_t *history);
json_t *model_partners(const struct report *r);
json_t *model_sharing(const struct report *r);
json_t *model_gaps(const struct report *r);
json_t *model_changes(const struct report *r, const json_t *history);
json_t *model_proposals(const struct report *r, const json_t *history);
json_t *model_offs(const struct report *r, const json_t *history);
json_t *model_readers(const struct report *r);
/* Who proposed and consented: [{organisation, subject, entry, time}], entries up to `until`. */
json_t *model_consents(const struct report *r, const json_t *history, uint64_t proposal, uint64_t until);
bool in_force_in(const struct report *r, const struct governance_agreement *a, int64_t *from, int64_t *to);

/* --- duties.c --- */
json_t *model_duties(void);
json_t *model_limits(void);

/* --- redact.c --- */
/* The public form of a model, changed in place. */
void redact(json_t *model);

#endif

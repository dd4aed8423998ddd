/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may decide what, and what has been decided: the state that the journal's entries add up to.
 * Organisations and their trust roots, people, node keys, partners, registers, agreements, proposals and
 * consents, switches, what was enforced. Pure but for its memory: entries and texts in, state, refusals and
 * compiled policy out. The core decides by it, anprctl checks by it.
 */
#ifndef ANPR_GOVERNANCE_GOVERNANCE_H
#define ANPR_GOVERNANCE_GOVERNANCE_H

#include "gateway/record/record.h"
#include "policy/snapshot.h"
#include "proto/read.h"

struct governance;

/* `documents` is asked for texts; borrowed for the life of the state. */
struct governance *governance_new(struct document_store *documents);
void governance_free(struct governance *g);

uint64_t governance_sequence(const struct governance *g);         /* 0 = empty journal */
const struct digest *governance_head(const struct governance *g); /* zero where empty */
struct utc_ms governance_time(const struct governance *g);        /* of the newest entry */

/* Take the next entry in: chain, node's signature, signer's certificate, authority, sense; then its effect.
 * errors: REFUSED with what does not verify in `e`; the state is then unchanged and nothing after may be
 * taken in. WAIT: a text it names is not (wholly) in `documents` yet; the state is unchanged, try again when
 * it is. */
MUST struct status governance_apply(struct governance *g, const struct journal_entry *entry, struct error *e);

/* What a command would do, judged against the state, before it is appended. */
struct ruling {
	Anpr__V1__Command *command; /* owned; ruling_free */
	struct digest id;
	uint64_t already;  /* journal number of an entry with this command; 0 = none: idempotent */
	bool narrows;      /* an off, a withdrawal, a narrowing register: goes by off's path */
	bool fences;       /* its entry will be pending until enforced: whatever narrows, and what both
			    * widens and narrows (a later version of an agreement) */
	char subject[256]; /* who */
	Anpr__V1__DocumentRef **documents;
	size_t n_documents; /* the list owned, the items the command's */
	char **partners;
	size_t n_partners; /* touched; owned */
	char *effect;      /* in words and counts, for people; owned */
	char *change; /* of a proposal or consent: what may be shared then and not now, or no longer, as JSON
		       * (view_change.c); NULL = none; owned */
};
/* Judge. `seen_subject`/`seen_organisation`: what admin saw on the connection, for commands attested by TLS.
 * Texts are looked for among those the signed command carries, then in `documents`; where `already` is set
 * command, id, fences and effect are, and nothing else of the ruling. errors: REFUSED (not allowed, stale,
 * nothing to do), BAD_INPUT (malformed), each with why. */
MUST struct status governance_judge(const struct governance *g, struct span signed_command, struct utc_ms now,
	struct ruling *out, struct error *e);
void ruling_free(struct ruling *r);
/* The decree entry's body for it; the caller frees with decree_free. NULL where signed_command is not what
 * was judged. */
Anpr__V1__Decree *ruling_decree(const struct ruling *r, struct span signed_command, struct utc_ms accepted);
void decree_free(Anpr__V1__Decree *d);

/* Genesis from bootstrap data; the caller owns `genesis`. errors: REFUSED where the journal has begun and
 * `genesis` differs from it (the differences are told). */
MUST struct status governance_matches(
	const struct governance *g, const Anpr__V1__Genesis *genesis, struct error *e);

/* What falls due by time, at or before `now`: the next Lapse to be appended (it holds no memory of its own).
 * WAIT: none; *next_due is when (INT64_MAX: never, as things stand). */
MUST struct status governance_due(
	const struct governance *g, struct utc_ms now, Anpr__V1__Lapse *out, struct utc_ms *next_due);
/* The newest entry that holds something of the partner off as of `now`, and since when; 0 = nothing is off.
 */
uint64_t governance_newest_off(
	const struct governance *g, const char *partner, struct utc_ms now, struct utc_ms *since);
/* The i-th stop file of the node that is in the journal and not yet gone: its partner, "" = all; NULL = no
 * more. Borrowed until the next apply. */
const char *governance_stop_file(const struct governance *g, const char *node, size_t i);
/* Narrowing entries not yet enforced: their numbers, and the partners whose publishers must be fenced. */
struct pending {
	uint64_t entry;
	struct utc_ms accepted, recorded;
	const char *node; /* that recorded it */
	const char *const *partners;
	size_t n_partners;
};
size_t governance_pending(const struct governance *g, const struct pending **out);
/* The enforced entry that made `entry` good: its journal number; 0 = not yet. */
uint64_t governance_enforced_by(const struct governance *g, uint64_t entry);

MUST /* The newest acknowledgement of a gap of this partner's feed: its journal number and time; 0 = none. */
	uint64_t
	governance_gap_acknowledged(const struct governance *g, const char *partner, struct utc_ms *at);

struct status governance_snapshot(
	const struct governance *g, struct utc_ms now, struct policy_snapshot **out);

/* The topics of every agreement that was ever consented to; some come more than once. */
void governance_topics(
	const struct governance *g, void (*each)(void *context, const char *topic), void *context);

/* One version of an agreement that came into effect. Borrowed for the call. */
struct governance_agreement {
	const struct agreement *terms;
	const struct schedule *schedule; /* its rules resolved to cameras when it was agreed */
	struct utc_ms agreed, ended;     /* ended: withdrawn or replaced; 0 = not */
	uint64_t proposal, entry;        /* journal numbers: proposed; the last consent */
	uint64_t withdrawn;              /* the entry that withdrew it; 0 = none */
};
/* Each of them, by partner and then in journal order. */
void governance_agreements(const struct governance *g,
	void (*each)(void *context, const struct governance_agreement *agreement), void *context);

/* Partners in journal order. Borrowed until the next apply. */
struct governance_partner {
	const char *id, *organisation;
	int64_t clock_bound_ms;
	const char *const *push_subjects;
	size_t n_push_subjects;
};
size_t governance_partners(const struct governance *g, const struct governance_partner **out);
uint32_t governance_publishers(const struct governance *g);
/* All keys that nodes ever had: what was signed before a key retired stays good. Borrowed until the next
 * apply. */
size_t governance_node_keys(const struct governance *g, const uint8_t (**keys)[32]);
/* Whether the node may sign with this key now. */
bool governance_node_key_valid(const struct governance *g, const char *node, const uint8_t key[32]);
/* Trust roots, for the TLS listener. Borrowed until the next apply. */
struct governance_organisation {
	const char *id;
	struct span ca_pem;
	const struct span *revoked; /* revocation lists, DER */
	size_t n_revoked;
};
size_t governance_organisations(const struct governance *g, const struct governance_organisation **out);
/* Roles of a person, as bits of Role; 0 = nobody. */
unsigned governance_roles(const struct governance *g, const char *organisation, const char *subject);

/* Proposals that wait for consents. */
size_t governance_proposals_open(const struct governance *g);

/* Views as JSON texts for the API; the caller frees. `partner` NULL = all. */
char *governance_view_agreements(const struct governance *g, struct utc_ms now);
/* What differs, as the views have it (view_change.c). */
struct difference;
char *governance_change_text(const struct difference *d);
/* `number` 0 = all; `ids`: with every camera that would come or go. */
char *governance_view_proposals(const struct governance *g, uint64_t number, bool ids);
/* Who there is: one object of organisations, partners and node keys. */
char *governance_view_trust(const struct governance *g);
/* Who may read each topic that reads go to. told: what the brokers said of rights, as gateway/kafka prints
 * it; "" = nothing. */
char *governance_view_readers(const struct governance *g, const char *told, struct utc_ms now);
char *governance_view_whoami(const struct governance *g, const char *organisation, const char *subject);
/* NULL where there is no such partner. */
char *governance_view_history(const struct governance *g, const char *partner, struct utc_ms since);
char *governance_view_cameras(const struct governance *g, const char *partner, struct utc_ms now);
/* Where a partner's cameras are, for a map: apart from everything else that is known of them. NULL as above.
 */
char *governance_view_positions(const struct governance *g, const char *partner);
/* Would a read captured at the camera then have been shared, and by whose decision; NULL where there is no
 * such partner. It is taken to have arrived when it was to be published. One object, not an array. */
struct explain_question {
	const char *partner, *camera; /* camera: its id or an external one */
	struct utc_ms captured, published;
	enum read_kind kind;
	unsigned class; /* CLASS_*, one of them */
};
char *governance_view_explain(const struct governance *g, const struct explain_question *q);
/* Switches of one partner, one object each: side, selectors, position, by whom, since when, until when. */
char *governance_view_switches(const struct governance *g, const char *partner, struct utc_ms now);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the journal's entries add up to, as governance itself sees it. Within governance only: the others use
 * governance.h. Nothing here is changed but by plan_execute, genesis_execute, lapse_execute and
 * enforce_execute, all of them after everything was judged.
 */
#ifndef ANPR_GOVERNANCE_STATE_H
#define ANPR_GOVERNANCE_STATE_H

#include "gateway/governance/governance.h"
#include "gateway/text/charter.h"

#include <uthash.h>

#define NOWHERE          SIZE_MAX
#define PROPOSAL_LIFE_MS (INT64_C(30) * 86400 * 1000)
#define FOR_EVER         INT64_MAX

struct person {
	char *subject;
	unsigned roles; /* bit n: Role n */
};

struct organisation {
	char *id;
	struct buffer trust_root; /* PEM */
	struct person *people;
	size_t n_people;
	struct revocation_list **revoked; /* the newest of each of its CAs */
	struct span *revoked_der;         /* beside each: its bytes, borrowed from it */
	size_t n_revoked;
	uint64_t entry; /* the newest that changed its CA or people; 0 = the first still says it all */
};

/* Beside each policy_agreement_version. */
struct agreement_facts {
	uint64_t proposal;  /* its journal number */
	uint64_t entry;     /* the entry that gave the last consent */
	uint64_t withdrawn; /* the entry that withdrew it; 0 = none */
	bool lapsed;        /* its end was journaled */
};

/* One switch and how it stands: the fold of its events. */
struct switch_state {
	struct digest key; /* of the switch_key */
	size_t event;      /* an event of this key */
	size_t last;       /* the latest event that turned it */
	int64_t off_until; /* 0 = no off since the last on; FOR_EVER = no end */
	int64_t on_until;  /* end of an `on --for`; 0 = none */
	UT_hash_handle hh;
};

struct partner {
	char *id, *organisation;
	int64_t clock_bound_ms;
	char **push_subjects;
	size_t n_push_subjects;
	struct policy_register_version *registers;
	uint64_t *register_entries;
	size_t n_registers;
	struct policy_agreement_version *agreements;
	struct agreement_facts *facts;
	size_t n_agreements;
	struct switch_event *switches; /* own their keys' texts */
	char **selectors;              /* beside each: what was asked for, canonical; see resolve.h */
	size_t n_switches;
	struct switch_state *states;
	uint64_t entry;     /* the newest that changed it itself; 0 = the first still says it all */
	uint64_t gap_entry; /* newest acknowledgement of a gap; 0 = none */
	struct utc_ms gap_at;
};

enum proposal_state {
	PROPOSAL_OPEN = 0,
	PROPOSAL_EFFECTIVE,
	PROPOSAL_REFUSED,
	PROPOSAL_LAPSED,
	PROPOSAL_SUPERSEDED
};

struct consent {
	char *organisation, *subject;
	uint64_t entry;
};

struct proposal {
	uint64_t number;
	Anpr__V1__DocumentKind kind;
	enum proposal_state state;
	size_t partner; /* NOWHERE: it is about something else */
	char *about;    /* "agreement A", "register of tfl-ulez", "organisation tfl", "node gw-1" */
	struct utc_ms at;
	char *organisation, *subject, *effect, *name;
	char *trial; /* JSON: what it came to when it was tried; NULL = it was not */
	struct digest sha256;
	struct agreement *agreement;     /* for an agreement */
	struct camera_register *cameras; /* for a register */
	struct charter *charter;         /* for an organisation, a partner, a node's key */
	struct consent *consents;
	size_t n_consents;
};

/* The end of a `--for`. */
struct period {
	uint64_t entry;
	size_t partner;
	struct digest key;
	int64_t until;
	bool on;   /* of an `on --for`: its end narrows */
	bool over; /* journaled, or nothing is left to end */
};

/* A stop file that lies in a node's folder. */
struct stop {
	char *node, *partner; /* partner empty = all */
};

/* What is known of a node's key, beside the key. */
struct key_facts {
	char *node;
	uint64_t since, retired; /* entries; retired 0 = valid */
	size_t replaces; /* the key that retires with the first entry signed by this one; NOWHERE = none */
};

/* One entry as people see it. Item n is entry n + 1. */
struct history {
	struct utc_ms time, accepted;
	char *node, *organisation, *subject, *reason, *effect;
	char *about;        /* the charter it is about, as a proposal's; NULL = none */
	const char *action; /* not owned */
	size_t *partners;   /* touched */
	size_t n_partners;
	bool attested;      /* not signed by the person: the node saw this certificate on the connection */
	struct digest seen; /* the SHA-256 of it */
	bool touches;       /* switches, an agreement or a proposal: makes what was seen before stale */
	bool fences;        /* narrows: pending until enforced */
	uint64_t enforced_by;
	struct digest hash;
};

struct seen {
	struct digest id;
	uint64_t entry;
	UT_hash_handle hh;
};

struct governance {
	struct document_store *documents; /* borrowed */
	uint64_t sequence;
	struct digest head;
	struct utc_ms time;
	char *gateway;
	uint32_t publishers;
	struct organisation *organisations;
	size_t n_organisations;
	struct partner *partners;
	size_t n_partners;
	uint8_t (*keys)[32]; /* all there ever were */
	struct key_facts *key_facts;
	size_t n_keys;
	struct proposal **proposals;
	size_t n_proposals;
	struct period *periods;
	size_t n_periods;
	struct stop *stops;
	size_t n_stops;
	struct history *history;
	struct seen *seen;
	struct governance_partner *partner_list; /* what the getters lend out */
	struct governance_organisation *organisation_list;
	struct pending *pending;
	size_t n_pending;
};

/* --- looking up (state.c); NULL or NOWHERE: there is none --- */
const struct organisation *state_organisation(const struct governance *g, const char *id);
size_t state_partner(const struct governance *g, const char *id);
const struct proposal *state_proposal(const struct governance *g, uint64_t number);
/* The version of the agreement that was agreed and is not over: in force, or yet to start. */
size_t partner_agreement(const struct partner *p, const char *id, struct utc_ms at);
bool version_alive(const struct policy_agreement_version *v, struct utc_ms at);
size_t partners_alive(const struct partner *p, struct utc_ms at);
/* The newest register; NULL = none yet. */
const struct camera_register *partner_register(const struct partner *p);
/* Whether the organisation's switches are on one of this partner's two sides. */
/* Whether it has anybody who may consent, propose and switch. */
bool organisation_decides(const struct organisation *o);
bool partner_has_side(const struct partner *p, const char *organisation, struct utc_ms at);
const struct history *state_history(const struct governance *g, uint64_t number);
/* Role bits of those who propose, consent and switch. */
#define ROLE_BIT(role) (1u << (unsigned)(role))
#define DECIDERS       (ROLE_BIT(ANPR__V1__ROLE__ROLE_POLICY_ADMIN) | ROLE_BIT(ANPR__V1__ROLE__ROLE_CONTROLLER))

/* All that policy is compiled from, borrowed (snapshot.c). */
void partner_input(const struct partner *p, struct policy_partner_input *out);

void switch_event_fini(struct switch_event *event);
void proposal_free(struct proposal *p);

/* Refuse, with why. */
__attribute__((format(printf, 2, 3))) struct status state_refuse(struct error *e, const char *format, ...);

/* --- entries that are no decree --- */
/* Judge and take in the first entry. */
struct status genesis_judge(const Anpr__V1__Genesis *genesis, struct error *e);
void genesis_execute(struct governance *g, const Anpr__V1__Genesis *genesis);
/* What the getters lend out, made again after organisations or partners changed. */
void lists_make(struct governance *g);
/* `h` gets what the entry did, for the history. */
struct status lapse_judge(const struct governance *g, const Anpr__V1__Lapse *l, const char *node,
	struct utc_ms at, struct error *e);
void lapse_execute(struct governance *g, const Anpr__V1__Lapse *l, const char *node, struct utc_ms at,
	uint64_t number, struct history *h);
struct status enforced_judge(const struct governance *g, const Anpr__V1__Enforced *n, struct error *e);
void enforced_execute(struct governance *g, const Anpr__V1__Enforced *n, uint64_t number, struct history *h);
/* Entry `entry` waits to be enforced. */
void pending_add(struct governance *g, uint64_t entry);

/* --- node keys (node_key.c) --- */
#define KEYS_MAX 64
size_t node_key_find(const struct governance *g, const uint8_t key[32]); /* NOWHERE = never was one */
void node_key_add(
	struct governance *g, const char *node, const uint8_t key[32], uint64_t entry, size_t replaces);
/* Entry `entry` was signed by this key: the one it replaces retires. */
void node_key_used(struct governance *g, size_t key, uint64_t entry);

/* --- switches (switch_state.c) --- */
struct digest switch_key_digest(const struct switch_key *key);
/* Take one event in; owns what the event and the selectors hold. */
void switch_take(struct governance *g, size_t partner, struct switch_event *event, char *selectors);
bool switch_state_off(const struct switch_state *s, struct utc_ms at);
/* A switch in words: "tfl over agreement A rule r, 12 cameras". Appended. */
void switch_describe(const struct switch_key *key, const char *selectors, struct buffer *out);

#endif

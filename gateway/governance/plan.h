/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan is what a command will do, worked out whole before anything is changed: judging makes it, applying
 * the decree carries it out, and carrying out cannot fail. Within governance only.
 */
#ifndef ANPR_GOVERNANCE_PLAN_H
#define ANPR_GOVERNANCE_PLAN_H

#include "gateway/governance/state.h"

struct planned_switch {
	size_t partner;
	struct switch_event event; /* its entry's number is filled in when it is carried out */
	char *selectors;
};

struct plan {
	/* what is judged; borrowed */
	const struct governance *g;
	const Anpr__V1__SignedCommand *signed_command;
	const Anpr__V1__Command *command;
	struct utc_ms at;       /* the entry's time */
	struct utc_ms accepted; /* narrowing counts from here; never after `at` */
	/* who */
	char subject[256];
	unsigned roles;
	bool by_cms;        /* signed by the person, not only seen on a connection */
	bool attestable;    /* what is asked may be done by who was only seen on a connection */
	struct digest seen; /* the certificate seen, where it was only that */
	/* what comes of it; owned */
	const char *action; /* "off", "propose_agreement" ...; not owned */
	bool narrows, fences, touches;
	bool *touched; /* per partner */
	struct buffer effect;
	char *change; /* what may be shared afterwards and not before, or no longer: JSON; NULL = not asked */
	struct planned_switch *switches;
	size_t n_switches;
	struct proposal *proposal;   /* a new one, with this body's consent */
	uint64_t consents_to;        /* one there is, that gets this body's consent */
	bool completes;              /* with that consent it takes effect */
	uint64_t closes;             /* one that is refused */
	size_t partner;              /* of what follows */
	struct agreement *agreement; /* takes effect */
	struct schedule *schedule;
	size_t replaces;                 /* version that ends by it; NOWHERE = none */
	struct camera_register *cameras; /* takes effect */
	size_t withdraws;                /* version that is withdrawn; NOWHERE = none */
	bool acknowledges;               /* a gap */
	char *about;                     /* the charter it is about, as a proposal's; NULL = none */
	const struct charter *enacts;    /* takes effect; the proposal's */
	struct charter *narrowed;        /* takes effect at once, whatever becomes of a proposal */
	struct revocation_list *revokes; /* takes effect */
};

void plan_init(struct plan *p, const struct governance *g);
void plan_fini(struct plan *p);
void plan_touch(struct plan *p, size_t partner);
/* `key` and `selectors` become the plan's. */
void plan_switch(struct plan *p, size_t partner, enum switch_position position, struct utc_ms at,
	struct utc_ms until, const struct switch_key *key, char *selectors);
/* Carry out as entry `number`. What the state keeps of the plan is taken out of it. */
void plan_execute(struct governance *g, struct plan *p, uint64_t number);

/* Judge the command (judge.c): who, whether they may, whether it makes sense, what comes of it.
 * errors: REFUSED, BAD_INPUT, WAIT (a text is not there), each with why */
struct status plan_judge(struct plan *p, struct error *e);

/* --- parts of judging --- */
/* Signatures, roles (signer.c). */
struct status signer_judge(struct plan *p, struct error *e);
/* Switches (switchboard.c). */
struct status switchboard_judge(struct plan *p, struct error *e);
/* Proposals and consents (consent.c). */
struct status propose_judge(struct plan *p, struct error *e);
struct status approve_judge(struct plan *p, struct error *e);
struct status refuse_judge(struct plan *p, struct error *e);
struct status withdraw_judge(struct plan *p, struct error *e);

/* Organisations, partners, node keys, proposed as p->command says (charter.c). */
struct status charter_judge(struct plan *p, struct span text, struct error *e);
/* Whether it can take effect as things stand, and what it would change, in words. */
struct status charter_check(struct plan *p, const struct charter *c, struct error *e);
bool charter_is(Anpr__V1__DocumentKind kind);
/* Whether the body's consent is needed to one of these (consent.c lists the rest). */
bool charter_asks(const struct governance *g, const struct charter *c, struct utc_ms at,
	const struct organisation *body);
/* Carry out what the plan has of these (charter_take.c). */
void charter_take(struct governance *g, struct plan *p, uint64_t number);
/* A revocation list (revoke.c). */
struct status revoke_judge(struct plan *p, struct span text, struct error *e);

/* A proposal as the command has it; `about` becomes the proposal's (consent.c). */
struct proposal *proposal_new(const struct plan *p, size_t partner, char *about);
/* The same text again would only split the consents. */
struct status proposal_check_repeated(const struct plan *p, const struct proposal *new, struct error *e);
bool consent_needed(
	const struct governance *g, const struct proposal *p, struct utc_ms at, const char *organisation);
/* With this body's consent, who is still missing? Says so, and whether nobody is. */
bool consents_complete(struct plan *p, const struct proposal *of);

/* Whether the agreement may come into force as things stand (agreement_check.c). */
struct status agreement_check(
	const struct governance *g, const struct agreement *a, struct utc_ms at, struct error *e);

/* Which organisations have to consent: a list of borrowed ids, the list owned. Depends on what is in force
 * now, so a body that came in by an agreement since the proposal is asked too. */
size_t consents_needed(
	const struct governance *g, const struct proposal *p, struct utc_ms at, const char ***out);
bool consent_given(const struct proposal *p, const char *organisation);

/* Cameras of the newest register that the switch is about and that an agreement of this side covers
 * (effect.c). */
size_t effect_cameras(const struct partner *p, const struct switch_key *key, struct utc_ms at);
/* Recipients that the switch is about: "mps, btp". Appended. */
void effect_recipients(
	const struct partner *p, const struct switch_key *key, struct utc_ms at, struct buffer *out);

#endif

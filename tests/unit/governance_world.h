/* SPDX-License-Identifier: Apache-2.0
 *
 * A small world for the tests of gateway/governance: organisations with their people's certificates, two
 * partners, a node that appends. Every command is judged and then appended all the same, so that a refusal is
 * seen twice: before appending, and by every reader if a node appended it anyway. A refusal must leave no
 * trace.
 */
#ifndef ANPR_TESTS_GOVERNANCE_WORLD_H
#define ANPR_TESTS_GOVERNANCE_WORLD_H

#include "gateway/governance/governance.h"
#include "tests/unit/pki.h"

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])
#define HOUR_MS     INT64_C(3600000)
#define DAY_MS      (24 * HOUR_MS)
#define START_MS    INT64_C(1793534400000) /* 2026-11-01T12:00:00Z */

enum who {
	ALICE,     /* policy-admin of mps, the recipient */
	OMAR,      /* operator of mps */
	BOB,       /* controller of tfl, whose partner is tfl-ulez */
	MIA,       /* controller of mopac, which consents */
	SAM,       /* controller of scc, whose partner is sheffield */
	IRIS,      /* auditor of ico */
	NINA,      /* policy-admin of btp, another recipient */
	MALLORY,   /* a good certificate of mps with no role */
	FALSE_BOB, /* CN=bob by mps's CA */
	OLD_BOB,   /* CN=bob by tfl's CA, expired */
	PEOPLE
};

struct world {
	struct governance *g;
	struct document_store *documents;
	struct node_key *node, *stranger;
	uint8_t node_public[32], stranger_public[32];
	const struct node_key *signs_as; /* the node's key, where it is another; NULL = `node` */
	struct utc_ms now;
	struct digest hashes[256]; /* of entry n at n */
	char why[4096];            /* of the last refusal */
	char effect[4096];         /* of the last ruling */
	bool narrows, fences;
	/* the command being made; reset by world_ask */
	Anpr__V1__Command c;
	Anpr__V1__SetSwitch sw;
	Anpr__V1__CameraSelector cameras;
	Anpr__V1__Propose propose;
	Anpr__V1__DocumentRef document;
	Anpr__V1__Approve approve;
	Anpr__V1__Refuse refuse;
	Anpr__V1__Withdraw withdraw;
	Anpr__V1__AcknowledgeGap gap;
	uint8_t nonce[16];
	struct digest head, sha256;
	char *patterns[8];
	/* how it is sent */
	int kind;                 /* of signature; 0 = CMS */
	const char *organisation; /* NULL = the person's own */
	struct utc_ms accepted;   /* 0 = now */
};

/* Certificates are made once per process. */
void world_people(void);
void world_people_free(void);
struct pki_cert *world_cert(enum who who);
struct pki_cert *world_ca(const char *organisation);
/* The genesis that world_begin appends; borrowed. */
Anpr__V1__Genesis *world_genesis(struct world *w);
void world_begin(struct world *w);
void world_end(struct world *w);
/* Time goes on. */
void world_wait(struct world *w, int64_t ms);

/* A fresh command by nobody about nothing, on the newest head. */
void world_ask(struct world *w);
/* Send the command as this person: judge it, append it, say what came of it. Judging and appending must
 * agree. */
struct status world_send(struct world *w, enum who who);
/* Append an entry with this body as the node; its bytes are kept where `kept` is given. */
struct status world_append(struct world *w, Anpr__V1__JournalEntry *body, struct buffer *kept);
/* The signed command's bytes. */
void world_sign(struct world *w, enum who who, struct buffer *out);

/* Commands in one call. */
struct status world_off(struct world *w, enum who who, const char *partner, const char *agreement);
struct status world_on(struct world *w, enum who who, const char *partner, const char *agreement);
struct status world_approve(struct world *w, enum who who, uint64_t proposal);
struct status world_refuse(struct world *w, enum who who, uint64_t proposal);
struct status world_withdraw(struct world *w, enum who who, const char *agreement);
struct status world_register(struct world *w, enum who who, const char *partner, const char *csv);
/* Any text of any kind. */
struct status world_propose(struct world *w, enum who who, Anpr__V1__DocumentKind kind, struct span text);
struct status world_agreement(struct world *w, enum who who, const char *yaml);
/* Enforce all that is pending. */
struct status world_enforce(struct world *w);
/* Let everything fall due that is. */
void world_due(struct world *w);

extern const char world_csv[]; /* ten cameras U-0 .. U-9, all live, U-0 .. U-4 in area inner */
/* An agreement's text: partner tfl-ulez, everything else as given. Static, overwritten by the next call. */
const char *world_yaml(
	const char *id, const char *recipient, const char *topic, const char *consents, const char *cameras);
/* Cameras for world_yaml, fewer than all, that widen all the same: one is under a rule of another name. */
#define WORLD_WIDER "U-0]\n  - name: more\n    cameras: [U-9"
/* The agreement A of tfl-ulez with mps, consents mps, tfl, mopac, rules inner (U-0..U-4) and all; agreed. */
void world_agreed(struct world *w);
/* The same, and on on both sides. */
void world_live(struct world *w);
/* Cameras of tfl-ulez that policy says are on. */
size_t world_cameras_on(struct world *w);
uint64_t world_newest(const struct world *w);

#endif

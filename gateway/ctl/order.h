/* SPDX-License-Identifier: Apache-2.0
 *
 * An order: a command on its way from a person to the journal, signed with their key. Private to this folder.
 */
#ifndef ANPR_CTL_ORDER_H
#define ANPR_CTL_ORDER_H

#include "gateway/ctl/client.h"
#include "gateway/record/record.h"

#define WHO_MAX 400

struct order {
	/* `ask` and `reason` filled in by the verb. A nonce and a head that are there stay: the gateway
	 * checks the head. */
	Anpr__V1__Command command;
	struct span documents[2]; /* the texts it brings, in the command's order; empty = none */
	char who[WHO_MAX];        /* "CN=bob, tfl"; this and what follows are filled in when it is sealed */
	char organisation[65];
	uint8_t nonce[16], head_hash[DIGEST_BYTES];
	bool narrows;        /* an off, a withdrawal: never held up by what is not known */
	const char *heading; /* "Off", for people */
	const char *done;    /* what done means, in a sentence */
	const char *next;    /* what to do after done; NULL = nothing */
	/* What is shown to the person once it is known which head they decide on, and before they do; NULL =
	 * nothing. Anything but DONE ends it. */
	enum exit_code (*look)(const struct options *o, const struct order *order);
};

#define ORDER_INIT                                                                                           \
	{                                                                                                    \
		.command = ANPR__V1__COMMAND__INIT                                                           \
	}

/* Sign, send, tell what became of it. */
enum exit_code order_send(const struct options *o, struct order *order);

/* --- its parts, for whoever tells it otherwise or repeats it --- */
/* Whom these credentials make: "CN=bob, tfl", and the organisation alone. USAGE, told: nobody. */
enum exit_code order_who(
	const struct options *o, const struct credentials *c, char who[WHO_MAX], char organisation[65]);
/* Fill in who, when and after which head, and sign: an envelope without texts. What fails is told; REFUSED
 * also where it is in another organisation's name, or the journal was replaced. */
enum exit_code order_seal(
	const struct options *o, const struct credentials *c, struct order *order, struct buffer *sealed);
/* Send what was sealed, with the texts: as often as one likes, it is one command. DONE: *answer tells. */
enum exit_code order_post(const struct options *o, const struct credentials *c, const struct order *order,
	struct span sealed, struct answer *answer);
/* What stopping was not held up for, once it is over: told where something is wrong. */
void order_sent(const struct options *o, const struct credentials *c, const struct order *order);

/* The reason every decision needs; told where it is missing. */
enum exit_code order_reason(const struct options *o, struct order *order);

/* --- outcome.c --- */
/* Tell what the gateway answered to an order. */
enum exit_code outcome_tell(const struct options *o, const struct order *order, const struct answer *answer);

/* A receipt's fields, for people. */
void receipt_print(const struct journal_entry *entry);

/* --- head.c --- */
/* The file of this kind for each list of nodes. false where there is no home. */
bool memory_path(const struct options *o, const char *kind, char *to, size_t cap);
/* The newest journal entry seen by this person, and what is remembered of the one before: refuses, loudly,
 * when the journal no longer contains it. Fills in the command's head. */
enum exit_code head_take(const struct options *o, const struct credentials *c, struct order *order);

#endif

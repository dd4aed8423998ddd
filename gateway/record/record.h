/* SPDX-License-Identifier: Apache-2.0
 *
 * Formats of everything the gateway keeps in Kafka: how it is hashed, chained and signed. Used by the core
 * that writes and by anprctl that checks. The generated protobuf types of anpr.v1 are used as they are.
 */
#ifndef ANPR_RECORD_RECORD_H
#define ANPR_RECORD_RECORD_H

#include "anpr/v1/journal.pb-c.h"
#include "anpr/v1/ledger.pb-c.h"
#include "gateway/base/buffer.h"
#include "gateway/base/clock.h"
#include "gateway/base/digest.h"
#include "gateway/base/error.h"

/* --- node keys: Ed25519 (sign.c) --- */
struct node_key;
MUST struct status node_key_parse(
	struct span pem, struct node_key **out, struct error *e); /* a private key, PKCS#8 PEM */
void node_key_public(const struct node_key *k, uint8_t out[32]);
void node_key_free(struct node_key *k);
MUST struct status node_sign(
	const struct node_key *k, const char *domain, struct span bytes, uint8_t out[64]);
MUST struct status node_verify(
	const uint8_t public_key[32], const char *domain, struct span bytes, struct span signature);
#define DOMAIN_JOURNAL "anpr-journal-v1"
#define DOMAIN_RECORD  "anpr-record-v1"

/* --- people's signatures: detached CMS (cms.c) --- */
MUST struct status cms_sign(
	struct span cert_pem, struct span key_pem, struct span bytes, struct buffer *der, struct error *e);
/* What certificates are checked by: an organisation's CA (PEM), what it has revoked, and when. All borrowed.
 */
struct revocation_list;
struct trust {
	struct span root_pem;
	struct revocation_list *const *revoked;
	size_t n_revoked;
	struct utc_ms at;
};
/* Check `der` over `bytes`, the signer's chain up to the trust root, and its key usage. *subject gets the
 * signer's RFC 2253 subject (256 bytes). errors: REFUSED with why in `e`. */
MUST struct status cms_verify(
	struct span der, struct span bytes, const struct trust *trust, char *subject, struct error *e);
/* Subject of a certificate (DER), and whether it chains to the trust root. */
MUST struct status certificate_verify(
	struct span der, const struct trust *trust, char *subject, struct error *e);

/* --- certificate revocation lists, PEM or DER (revocation.c) --- */
MUST struct status revocation_list_parse(struct span text, struct revocation_list **out, struct error *e);
void revocation_list_free(struct revocation_list *l);
struct span revocation_list_der(const struct revocation_list *l); /* borrowed */
size_t revocation_list_count(const struct revocation_list *l);    /* certificates revoked */
/* Whether it is signed by one of these CAs. */
bool revocation_list_issued_by(const struct revocation_list *l, struct span ca_pem);
bool revocation_list_same_issuer(const struct revocation_list *a, const struct revocation_list *b);
/* Whether `a` was issued after `b`. */
bool revocation_list_newer(const struct revocation_list *a, const struct revocation_list *b);

/* --- journal entries (journal.c) --- */
/* A stored entry taken apart: form, hash and number checked; signature and chain not yet. Owns `body`. */
struct journal_entry {
	Anpr__V1__StoredEntry *stored;
	Anpr__V1__JournalEntry *body;
	struct digest hash; /* SHA-256 of stored.entry */
};
MUST struct status journal_entry_decode(struct span value, struct journal_entry *out, struct error *e);
void journal_entry_free(struct journal_entry *entry);
/* Serialise, sign: the value of the Kafka record, and the entry's hash. */
MUST struct status journal_entry_seal(const Anpr__V1__JournalEntry *body, const struct node_key *key,
	struct buffer *value, struct digest *hash, struct error *e);
/* Whether `entry` follows an entry with this number and hash. */
MUST struct status journal_entry_follows(
	const struct journal_entry *entry, uint64_t sequence, const struct digest *hash, struct error *e);
/* Command's id: SHA-256 of its signed bytes. Decodes and checks form (lengths, required fields, enums). */
MUST struct status command_decode(
	struct span bytes, Anpr__V1__Command **out, struct digest *id, struct error *e);

/* The parts of entries that are checked on their own as well. errors: BAD_INPUT with why. */
struct status document_ref_check(const Anpr__V1__DocumentRef *d, struct error *e);
struct status genesis_check(const Anpr__V1__Genesis *g, struct error *e);
/* Form of a command's envelope (the command inside is not looked at), and the envelope taken apart. */
#define SIGNED_COMMAND_MAX (22u << 20) /* a document of DOCUMENT_MAX and the command */
struct status signed_command_check(const Anpr__V1__SignedCommand *c, struct error *e);
struct status signed_command_decode(struct span bytes, Anpr__V1__SignedCommand **out, struct error *e);

/* What a page hands to whoever signs for it: an envelope without a signature, around a command that is not
 * yet filled in. Its form is left to command_decode, once it is. errors: BAD_INPUT with why, also for
 * whatever this version does not know: nobody signs what they cannot read. */
MUST struct status draft_decode(
	struct span bytes, Anpr__V1__SignedCommand **envelope, Anpr__V1__Command **command, struct error *e);

/* --- ledger records, heads, accounts (ledger.c) --- */
MUST /* Whether received = permitted + denied + rejected. Records whose totals do not balance are neither
      * written (FAULT) nor read (BAD_INPUT). */
	bool
	totals_balance(const Anpr__V1__Totals *t);
struct status ledger_encode(const Anpr__V1__LedgerRecord *record, struct buffer *value, struct digest *hash);
MUST struct status ledger_decode(
	struct span value, Anpr__V1__LedgerRecord **out, struct digest *hash, struct error *e);
MUST struct status stored_record_seal(
	const ProtobufCMessage *message, const struct node_key *key, struct buffer *value);
/* Check the signature by any of the keys and hand the inner bytes out (borrowed from *holder, freed by the
 * caller). */
MUST struct status stored_record_open(struct span value, const uint8_t (*keys)[32], size_t n_keys,
	Anpr__V1__StoredRecord **holder, struct error *e);

/* --- texts in the documents topic (document.c): chunks of 512 KiB under "<sha256>/<index>" --- */
#define DOCUMENT_CHUNK (512u << 10)
#define DOCUMENT_MAX   (20u << 20)
size_t document_chunks(uint64_t size);
/* Key of chunk i into `to` (80 bytes). */
const char *document_key(char *to, const struct digest *sha256, size_t i);
/* Collects chunks in any order; whole texts come out once all are there and the hash is right. */
struct document_store;
struct document_store *document_store_new(void);
void document_store_free(struct document_store *s);
MUST struct status document_store_add(struct document_store *s, struct span key, struct span value);
/* A whole text at once; *sha256 is what it is kept under. */
struct status document_store_put(struct document_store *s, struct span text, struct digest *sha256);
/* Chunk i of a text; empty past its end. Borrowed. */
struct span document_chunk(struct span text, size_t i);
/* The text; borrowed. BAD_INPUT: not there, not whole, or not what its hash says. */
MUST struct status document_store_find(
	struct document_store *s, const struct digest *sha256, uint64_t size, struct span *text);

#endif

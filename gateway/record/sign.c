/* SPDX-License-Identifier: Apache-2.0
 *
 * Node keys: Ed25519 (RFC 8032) by OpenSSL. What is signed is the domain, a zero byte and the bytes, so that
 * a signature made for one purpose is worth nothing for another.
 */
#include "gateway/record/record.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

struct node_key {
	EVP_PKEY *pkey;
	uint8_t public_key[32];
};

/* Without this OpenSSL would ask the terminal for the pass phrase of an encrypted key. */
static int no_passphrase(char *to, int size, int writing, void *data)
{
	(void)to, (void)size, (void)writing, (void)data;
	return -1;
}

struct status node_key_parse(struct span pem, struct node_key **out, struct error *e)
{
	if (pem.n == 0 || pem.n > 16384)
		return error_set(e, "not a private key in PEM");
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	if (!pkey)
		return error_set(e, "not a private key in PEM, or one with a pass phrase");
	struct node_key *k = calloc(1, sizeof *k);
	size_t n = sizeof k->public_key;
	if (!k || !EVP_PKEY_is_a(pkey, "ED25519") ||
		EVP_PKEY_get_raw_public_key(pkey, k->public_key, &n) != 1) {
		EVP_PKEY_free(pkey);
		free(k);
		return error_set(e, "not an Ed25519 key");
	}
	k->pkey = pkey;
	*out = k;
	return S_OK;
}

void node_key_public(const struct node_key *k, uint8_t out[32])
{
	memcpy(out, k->public_key, 32);
}

void node_key_free(struct node_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

static struct status signed_bytes(const char *domain, struct span bytes, struct buffer *out)
{
	TRY(buffer_append(out, span_of(domain, strlen(domain) + 1)));
	return buffer_append(out, bytes);
}

struct status node_sign(const struct node_key *k, const char *domain, struct span bytes, uint8_t out[64])
{
	CLEANUP(buffer_free) struct buffer message = {0};
	TRY(signed_bytes(domain, bytes, &message));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t n = 64;
	int good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, k->pkey) == 1 &&
		   EVP_DigestSign(context, out, &n, message.p, message.n) == 1 && n == 64;
	EVP_MD_CTX_free(context);
	return good ? S_OK : S_FAULT;
}

struct status node_verify(
	const uint8_t public_key[32], const char *domain, struct span bytes, struct span signature)
{
	REQUIRE(signature.n == 64, S_REFUSED);
	CLEANUP(buffer_free) struct buffer message = {0};
	TRY(signed_bytes(domain, bytes, &message));
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int good = pkey && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
		   EVP_DigestVerify(context, signature.p, signature.n, message.p, message.n) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return good ? S_OK : S_REFUSED;
}

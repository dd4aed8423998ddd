/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and certificates for tests, made in memory: like deploy/pki/make's, but of any age, kind and fault.
 */
#ifndef ANPR_TESTS_PKI_H
#define ANPR_TESTS_PKI_H

#include "gateway/base/buffer.h"
#include "gateway/base/clock.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct pki_cert {
	EVP_PKEY *key;
	X509 *x509;
	struct buffer pem, key_pem, der; /* certificate, private key, certificate */
};

struct pki_want {
	const char *organisation; /* O of the subject; NULL = none */
	const char *name;         /* CN */
	struct utc_ms from, until;
	const char *usage; /* extendedKeyUsage; NULL = none */
	const char *curve; /* NULL = P-256 */
};
#define PKI_PERSON "clientAuth,emailProtection"

/* A certificate by `issuer`; issuer NULL: a CA, by itself. Aborts on its own faults. */
void pki_make(struct pki_cert *out, const struct pki_want *want, const struct pki_cert *issuer);
void pki_free(struct pki_cert *c);
/* A revocation list by `issuer` of one certificate (NULL = of none), with this number, as DER. */
void pki_revoke(struct buffer *der, const struct pki_cert *issuer, const struct pki_cert *revoked,
	long number, struct utc_ms at);
/* The public key in PEM of a node's private one. */
void pki_public_key(struct buffer *pem, const uint8_t public_key[32]);
/* A fresh Ed25519 private key in PEM. */
void pki_node_key(struct buffer *pem);

#endif

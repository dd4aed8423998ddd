/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and certificates for tests, by OpenSSL.
 */
#include "pki.h"

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void add_name(X509 *x, const char *organisation, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(x);
	if (organisation)
		ck_assert(X509_NAME_add_entry_by_txt(
			subject, "O", MBSTRING_UTF8, (const unsigned char *)organisation, -1, -1, 0));
	if (name)
		ck_assert(X509_NAME_add_entry_by_txt(
			subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0));
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ck_assert_ptr_nonnull(extension);
	ck_assert(X509_add_ext(x, extension, -1));
	X509_EXTENSION_free(extension);
}

static void to_buffer(BIO *bio, struct buffer *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	ck_assert(ok(buffer_append(out, span_of(p, (size_t)n))));
	BIO_free(bio);
}

static void write_out(struct pki_cert *c)
{
	BIO *pem = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem()), *der = BIO_new(BIO_s_mem());
	ck_assert(PEM_write_bio_X509(pem, c->x509));
	ck_assert(PEM_write_bio_PKCS8PrivateKey(key, c->key, NULL, NULL, 0, NULL, NULL));
	ck_assert(i2d_X509_bio(der, c->x509));
	to_buffer(pem, &c->pem);
	to_buffer(key, &c->key_pem);
	to_buffer(der, &c->der);
}

void pki_make(struct pki_cert *out, const struct pki_want *want, const struct pki_cert *issuer)
{
	static long serial;
	*out = (struct pki_cert){.key = EVP_EC_gen(want->curve ? want->curve : "P-256"), .x509 = X509_new()};
	X509 *x = out->x509;
	ck_assert(out->key && x);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(want->from.v / 1000));
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(want->until.v / 1000));
	X509_set_pubkey(x, out->key);
	add_name(x, want->organisation, want->name);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer->x509 : x));
	X509 *by = issuer ? issuer->x509 : x;
	add_extension(
		x, by, NID_basic_constraints, issuer ? "critical,CA:false" : "critical,CA:true,pathlen:0");
	add_extension(
		x, by, NID_key_usage, issuer ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
	add_extension(x, by, NID_subject_key_identifier, "hash");
	if (want->usage)
		add_extension(x, by, NID_ext_key_usage, want->usage);
	ck_assert(X509_sign(x, issuer ? issuer->key : out->key, EVP_sha256()) > 0);
	write_out(out);
}

void pki_free(struct pki_cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x509);
	buffer_free(&c->pem);
	buffer_free(&c->key_pem);
	buffer_free(&c->der);
}

void pki_node_key(struct buffer *pem)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	ck_assert(key && bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	to_buffer(bio, pem);
	EVP_PKEY_free(key);
}

static void revoke_one(X509_CRL *crl, const struct pki_cert *c, const ASN1_TIME *at)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ck_assert(X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(c->x509)));
	ck_assert(X509_REVOKED_set_revocationDate(r, (ASN1_TIME *)at));
	ck_assert(X509_CRL_add0_revoked(crl, r));
}

void pki_revoke(struct buffer *der, const struct pki_cert *issuer, const struct pki_cert *revoked,
	long number, struct utc_ms at)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)(at.v / 1000));
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	BIO *bio = BIO_new(BIO_s_mem());
	ck_assert(crl && time && n && bio && ASN1_INTEGER_set(n, number));
	ck_assert(X509_CRL_set_version(crl, X509_CRL_VERSION_2));
	ck_assert(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509)));
	ck_assert(X509_CRL_set1_lastUpdate(crl, time));
	ck_assert(X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0));
	if (revoked)
		revoke_one(crl, revoked, time);
	ck_assert(X509_CRL_sort(crl));
	ck_assert(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
	ck_assert(i2d_X509_CRL_bio(bio, crl));
	to_buffer(bio, der);
	ASN1_TIME_free(time);
	ASN1_INTEGER_free(n);
	X509_CRL_free(crl);
}

void pki_public_key(struct buffer *pem, const uint8_t public_key[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
	BIO *bio = BIO_new(BIO_s_mem());
	ck_assert(key && bio && PEM_write_bio_PUBKEY(bio, key));
	to_buffer(bio, pem);
	EVP_PKEY_free(key);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * PEM, read by OpenSSL.
 */
#include "gateway/base/pem.h"

#include "gateway/base/buffer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define CERTIFICATES_MAX 8

static int no_passphrase(char *to, int size, int writing, void *data)
{
	(void)to, (void)size, (void)writing, (void)data;
	return -1;
}

static BIO *bio_of(struct span text)
{
	return BIO_new_mem_buf(text.p ? (const void *)text.p : "", text.n < INT32_MAX ? (int)text.n : 0);
}

/* At most CERTIFICATES_MAX into `to`; how many there are, one more than fits where there are more. */
static size_t certificates_read(struct span pem, X509 **to)
{
	BIO *bio = bio_of(pem);
	X509 *one;
	size_t n = 0;

	while (bio && n <= CERTIFICATES_MAX && (one = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		if (n < CERTIFICATES_MAX)
			to[n] = one;
		else
			X509_free(one);
		n++;
	}
	BIO_free(bio);
	ERR_clear_error(); /* the end of the text counts as an error */
	return n;
}

static void certificates_free(X509 **list, size_t n)
{
	for (size_t i = 0; i < n && i < CERTIFICATES_MAX; i++)
		X509_free(list[i]);
}

static struct digest certificate_digest(const X509 *certificate)
{
	struct digest d = {0};
	unsigned n = 0;

	(void)X509_digest(certificate, EVP_sha256(), d.v, &n);
	return d;
}

static bool contains(struct span text, const char *words)
{
	return text.n > 0 && memmem(text.p, text.n, words, strlen(words)) != NULL;
}

static int64_t expiry_ms(const X509 *certificate)
{
	struct tm at;

	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) == 1 ? (int64_t)timegm(&at) * 1000 : 0;
}

struct utc_ms pem_expiry(struct span pem)
{
	X509 *list[CERTIFICATES_MAX];
	size_t n = certificates_read(pem, list);
	struct utc_ms first = {0};

	for (size_t i = 0; i < n && i < CERTIFICATES_MAX; i++) {
		int64_t at = expiry_ms(list[i]);

		if (first.v == 0 || at < first.v)
			first.v = at;
	}
	certificates_free(list, n);
	return first;
}

bool pem_serves(struct span pem, bool server)
{
	X509 *list[CERTIFICATES_MAX];
	size_t n = certificates_read(pem, list);
	int purpose = server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
	bool serves = n > 0 && X509_check_purpose(list[0], purpose, 0) == 1;

	certificates_free(list, n);
	return serves;
}

static const char *ca_check(X509 **list, size_t n, struct digest *identity)
{
	*identity = (struct digest){0};
	if (n == 0)
		return "no certificate in PEM";
	if (n > CERTIFICATES_MAX)
		return "more than 8 certificates";
	for (size_t i = 0; i < n; i++) {
		struct digest one = certificate_digest(list[i]);

		if (X509_check_ca(list[i]) != 1)
			return "a certificate that is no CA's";
		*identity = digest_chain(identity, span_of(one.v, sizeof one.v));
	}
	return NULL;
}

const char *pem_ca(struct span pem, struct digest *identity)
{
	X509 *list[CERTIFICATES_MAX];
	const char *why;
	size_t n;

	if (contains(pem, "PRIVATE KEY"))
		return "there is a private key in it";
	n = certificates_read(pem, list);
	why = ca_check(list, n, identity);
	certificates_free(list, n);
	return why;
}

bool pem_ca_overlap(struct span a, struct span b)
{
	X509 *one[CERTIFICATES_MAX], *two[CERTIFICATES_MAX];
	size_t n = certificates_read(a, one), m = certificates_read(b, two);
	bool found = false;

	for (size_t i = 0; i < n && i < CERTIFICATES_MAX; i++)
		for (size_t k = 0; k < m && k < CERTIFICATES_MAX; k++)
			found |= X509_cmp(one[i], two[k]) == 0;
	certificates_free(one, n);
	certificates_free(two, m);
	return found;
}

const char *pem_public_key(struct span pem, uint8_t out[32])
{
	BIO *bio = bio_of(pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL) : NULL;
	size_t n = 32;
	bool good = key && EVP_PKEY_is_a(key, "ED25519") && EVP_PKEY_get_raw_public_key(key, out, &n) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return good && n == 32 ? NULL : "not an Ed25519 public key in PEM";
}

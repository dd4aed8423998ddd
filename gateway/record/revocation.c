/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificate revocation lists (RFC 5280): what a CA says is no longer good. Whole lists only.
 */
#include "gateway/record/revocation.h"

#include "gateway/base/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define LIST_MAX (1u << 20) /* some 25,000 certificates */

struct revocation_list {
	X509_CRL *crl;
	struct buffer der;
};

static X509_CRL *read_list(struct span text)
{
	const unsigned char *p = text.p;
	BIO *bio;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)text.n);

	if (crl && p == text.p + text.n)
		return crl;
	X509_CRL_free(crl);
	bio = BIO_new_mem_buf(text.p, (int)text.n);
	crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return crl;
}

/* A list that speaks of only some certificates, or of the differences to another, marks that as critical. */
static const char *list_check(const X509_CRL *crl)
{
	if (X509_CRL_get_ext_by_critical(crl, 1, -1) >= 0)
		return "a revocation list with a critical extension: only whole lists are understood";
	return X509_CRL_get0_lastUpdate(crl) ? NULL : "a revocation list that does not say of when it is";
}

struct status revocation_list_parse(struct span text, struct revocation_list **out, struct error *e)
{
	struct revocation_list *l;
	unsigned char *der = NULL;
	X509_CRL *crl;
	struct status s;
	int n;

	ERR_clear_error();
	if (text.n < 1 || text.n > LIST_MAX)
		return error_set(e, "a revocation list of no bytes, or of more than 1 MiB");
	crl = read_list(text);
	ERR_clear_error();
	if (!crl)
		return error_set(e, "not a certificate revocation list in PEM or DER");
	l = calloc(1, sizeof *l);
	n = l ? i2d_X509_CRL(crl, &der) : -1;
	s = n > 0 ? buffer_append(&l->der, span_of(der, (size_t)n)) : S_OVERLOAD;
	OPENSSL_free(der);
	if (ok(s) && list_check(crl))
		s = error_set(e, "%s", list_check(crl));
	if (!ok(s)) {
		X509_CRL_free(crl);
		if (l)
			buffer_free(&l->der);
		free(l);
		return s;
	}
	l->crl = crl;
	*out = l;
	return S_OK;
}

void revocation_list_free(struct revocation_list *l)
{
	if (!l)
		return;
	X509_CRL_free(l->crl);
	buffer_free(&l->der);
	free(l);
}

struct span revocation_list_der(const struct revocation_list *l)
{
	return buffer_span(&l->der);
}

size_t revocation_list_count(const struct revocation_list *l)
{
	int n = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(l->crl));

	return n > 0 ? (size_t)n : 0;
}

bool revocation_list_issued_by(const struct revocation_list *l, struct span ca_pem)
{
	BIO *bio = BIO_new_mem_buf(ca_pem.p ? (const void *)ca_pem.p : "", (int)ca_pem.n);
	X509 *ca;
	bool found = false;

	while (bio && (ca = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		EVP_PKEY *key = X509_get0_pubkey(ca);

		found |= key && X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(l->crl)) == 0 &&
			 X509_CRL_verify(l->crl, key) == 1;
		X509_free(ca);
	}
	BIO_free(bio);
	ERR_clear_error();
	return found;
}

bool revocation_list_same_issuer(const struct revocation_list *a, const struct revocation_list *b)
{
	return X509_NAME_cmp(X509_CRL_get_issuer(a->crl), X509_CRL_get_issuer(b->crl)) == 0;
}

/* By their numbers, where both have one; else by their dates. */
bool revocation_list_newer(const struct revocation_list *a, const struct revocation_list *b)
{
	ASN1_INTEGER *one = X509_CRL_get_ext_d2i(a->crl, NID_crl_number, NULL, NULL);
	ASN1_INTEGER *two = X509_CRL_get_ext_d2i(b->crl, NID_crl_number, NULL, NULL);
	bool newer = one && two ? ASN1_INTEGER_cmp(one, two) > 0
				: ASN1_TIME_compare(X509_CRL_get0_lastUpdate(a->crl),
					  X509_CRL_get0_lastUpdate(b->crl)) > 0;

	ASN1_INTEGER_free(one);
	ASN1_INTEGER_free(two);
	return newer;
}

bool revocation_lists_use(X509_STORE *store, struct revocation_list *const *lists, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!crl_use(store, lists[i]->crl))
			return false;
	return true;
}

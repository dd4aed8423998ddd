/* SPDX-License-Identifier: Apache-2.0
 *
 * A signature or a certificate that need not be one. The trust root is a CA whose key was thrown away, so
 * nothing that the fuzzer makes up can be good.
 */
#include "gateway/record/record.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct buffer root;
static const struct utc_ms now = {INT64_C(1793534400000)};

static void make_root(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:true");
	char *text = NULL;
	long length;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now.v / 1000 - 86400));
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(now.v / 1000 + 86400));
	X509_NAME_add_entry_by_txt(
		X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)"root", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	X509_add_ext(x, ca, -1);
	NEVER(X509_sign(x, key, EVP_sha256()) <= 0 || !PEM_write_bio_X509(bio, x));
	length = BIO_get_mem_data(bio, &text);
	NEVER(!ok(buffer_append(&root, span_of(text, (size_t)length))));
	X509_EXTENSION_free(ca);
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char subject[256];
	struct trust trust = {.at = now};

	if (root.n == 0)
		make_root();
	trust.root_pem = buffer_span(&root);
	NEVER(cms_verify(span_of(bytes, n), span_text("command"), &trust, subject, NULL).kind !=
		STATUS_REFUSED);
	NEVER(certificate_verify(span_of(bytes, n), &trust, subject, NULL).kind != STATUS_REFUSED);
	return 0;
}

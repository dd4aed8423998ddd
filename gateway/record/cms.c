/* SPDX-License-Identifier: Apache-2.0
 *
 * People's signatures: detached CMS (RFC 5652) over the command's stored bytes, and certificates under the
 * trust root of an organisation, all as of a given time. Which subject may do what is governance's to know.
 */
#include "gateway/record/revocation.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#define CMS_MAX       (64u << 10) /* a signature with a chain of a few certificates is 2 to 8 KiB */
#define SUBJECT_BYTES 256

/* RSA of 2048 bits and P-256 upwards, no SHA-1: OpenSSL's level 2. */
#define SECURITY_LEVEL 2

static int no_passphrase(char *to, int size, int writing, void *data)
{
	(void)to, (void)size, (void)writing, (void)data;
	return -1;
}

static BIO *bio_of(struct span bytes)
{
	return bytes.n <= INT32_MAX ? BIO_new_mem_buf(bytes.p ? (const void *)bytes.p : "", (int)bytes.n)
				    : NULL;
}

static void free_chain(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
}

static void free_cms(CMS_ContentInfo **cms)
{
	CMS_ContentInfo_free(*cms);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_store(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void free_x509(X509 **certificate)
{
	X509_free(*certificate);
}

static void free_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_context(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

/* OpenSSL's own word for the first thing that went wrong. Never has the data in it. */
static const char *crypto_reason(void)
{
	const char *data = NULL;
	int flags = 0;
	unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
	if (code && data && (flags & ERR_TXT_STRING) && strncmp(data, "Verify error:", 13) == 0)
		return data + 13; /* "certificate has expired" and the like */
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	return text ? text : "not readable";
}

/* All certificates of a PEM text, in its order. */
static STACK_OF(X509) * read_chain(struct span pem)
{
	CLEANUP(free_bio) BIO *bio = bio_of(pem);
	STACK_OF(X509) *chain = sk_X509_new_null();
	for (X509 *one; bio && chain && (one = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL));)
		if (sk_X509_push(chain, one) <= 0)
			X509_free(one);
	ERR_clear_error(); /* the end of the text counts as an error */
	return chain;
}

struct status cms_sign(
	struct span cert_pem, struct span key_pem, struct span bytes, struct buffer *der, struct error *e)
{
	ERR_clear_error();
	CLEANUP(free_chain) STACK_OF(X509) *chain = read_chain(cert_pem);
	CLEANUP(free_bio) BIO *key_bio = bio_of(key_pem);
	CLEANUP(free_pkey)
	EVP_PKEY *key = key_bio ? PEM_read_bio_PrivateKey(key_bio, NULL, no_passphrase, NULL) : NULL;
	if (!chain || sk_X509_num(chain) < 1)
		return error_set(e, "no certificate to sign with");
	if (!key || X509_check_private_key(sk_X509_value(chain, 0), key) != 1)
		return error_set(
			e, "the private key does not belong to the certificate, or has a pass phrase");
	CLEANUP(free_x509) X509 *signer = sk_X509_shift(chain);
	CLEANUP(free_bio) BIO *data = bio_of(bytes);
	const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL;
	CLEANUP(free_cms) CMS_ContentInfo *cms = CMS_sign(NULL, NULL, chain, data, flags);
	if (!data || !cms || !CMS_add1_signer(cms, signer, key, EVP_sha256(), flags) ||
		CMS_final(cms, data, NULL, CMS_DETACHED | CMS_BINARY) != 1)
		return error_set(e, "cannot sign: %s", crypto_reason());
	unsigned char *encoded = NULL;
	int n = i2d_CMS_ContentInfo(cms, &encoded);
	struct status s = n > 0 ? buffer_append(der, span_of(encoded, (size_t)n)) : S_FAULT;
	OPENSSL_free(encoded);
	return s;
}

/* A store that trusts the given roots alone, at the given time, less what they have revoked. */
static X509_STORE *store_of(const struct trust *trust)
{
	CLEANUP(free_chain) STACK_OF(X509) *roots = read_chain(trust->root_pem);
	X509_STORE *store = X509_STORE_new();
	int n = roots ? sk_X509_num(roots) : 0;
	for (int i = 0; store && i < n; i++)
		(void)X509_STORE_add_cert(store, sk_X509_value(roots, i));
	if (!store || n < 1 || !revocation_lists_use(store, trust->revoked, trust->n_revoked)) {
		X509_STORE_free(store);
		return NULL;
	}
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
	X509_VERIFY_PARAM_set_time(param, (time_t)(trust->at.v / 1000));
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, 4);
	return store;
}

static struct status refuse(struct error *e, const char *what, const char *why)
{
	error_add(e, NULL, 0, 0, "%s: %s", what, why);
	return S_REFUSED;
}

/* RFC 2253, whole; what does not fit is refused, never cut. */
static struct status subject_of(X509 *certificate, char *to, struct error *e)
{
	CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	const X509_NAME *name = X509_get_subject_name(certificate);
	if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0)
		return refuse(e, "certificate", "its subject cannot be written out");
	char *text = NULL;
	long n = BIO_get_mem_data(bio, &text);
	if (n < 1 || n >= SUBJECT_BYTES || memchr(text, 0, (size_t)n))
		return refuse(e, "certificate", "its subject is empty or longer than 255 bytes");
	memcpy(to, text, (size_t)n);
	to[n] = 0;
	return S_OK;
}

/* One signer, SHA-2, the content elsewhere: anything else is not what anprctl makes. */
static struct status signature_shape(CMS_ContentInfo *cms, struct error *e)
{
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed || CMS_is_detached(cms) != 1)
		return refuse(e, "signature", "not a detached CMS signature");
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	if (!signers || sk_CMS_SignerInfo_num(signers) != 1)
		return refuse(e, "signature", "not by exactly one signer");
	X509_ALGOR *digest = NULL;
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, 0), NULL, NULL, &digest, NULL);
	const ASN1_OBJECT *oid = NULL;
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	int nid = OBJ_obj2nid(oid);
	if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512)
		return refuse(e, "signature", "made with a digest other than SHA-256, 384 or 512");
	return S_OK;
}

struct status cms_verify(
	struct span der, struct span bytes, const struct trust *trust, char *subject, struct error *e)
{
	ERR_clear_error();
	if (der.n > CMS_MAX)
		return refuse(e, "signature", "longer than 64 KiB");
	const unsigned char *p = der.p;
	CLEANUP(free_cms) CMS_ContentInfo *cms = der.n ? d2i_CMS_ContentInfo(NULL, &p, (long)der.n) : NULL;
	if (!cms || p != der.p + der.n)
		return refuse(e, "signature", "not CMS");
	TRY(signature_shape(cms, e));
	CLEANUP(free_store) X509_STORE *store = store_of(trust);
	CLEANUP(free_bio) BIO *data = bio_of(bytes);
	if (!store || !data)
		return refuse(e, "signature", "no trust root to check it by");
	/* Checks the certificate for the purpose of signing e-mail, which is the only signing purpose that
	 * ordinary CAs know: emailProtection, and digitalSignature in the key usage. */
	if (CMS_verify(cms, NULL, store, data, NULL, CMS_DETACHED | CMS_BINARY) != 1)
		return refuse(e, "signature", crypto_reason());
	STACK_OF(X509) *signers = CMS_get0_signers(cms);
	struct status s = signers && sk_X509_num(signers) == 1
				  ? subject_of(sk_X509_value(signers, 0), subject, e)
				  : refuse(e, "signature", "without its certificate");
	sk_X509_free(signers);
	ERR_clear_error();
	return s;
}

struct status certificate_verify(struct span der, const struct trust *trust, char *subject, struct error *e)
{
	ERR_clear_error();
	const unsigned char *p = der.p;
	CLEANUP(free_x509)
	X509 *certificate = der.n && der.n <= CMS_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
	if (!certificate || p != der.p + der.n)
		return refuse(e, "certificate", "not readable");
	CLEANUP(free_store) X509_STORE *store = store_of(trust);
	CLEANUP(free_context) X509_STORE_CTX *context = X509_STORE_CTX_new();
	if (!store || !context || X509_STORE_CTX_init(context, store, certificate, NULL) != 1 ||
		X509_STORE_CTX_set_default(context, "ssl_client") != 1)
		return refuse(e, "certificate", "no trust root to check it by");
	if (X509_verify_cert(context) != 1)
		return refuse(
			e, "certificate", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	return subject_of(certificate, subject, e);
}

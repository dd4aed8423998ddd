/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS for people: mutual, 1.2 or newer, each organisation's people under its own trust root. Nothing is
 * resumed, so that every connection is checked against the trust roots of its day.
 */
#include "gateway/admin/server.h"

#include "gateway/base/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

static int no_passphrase(char *to, int n, int writing, void *context)
{
	(void)to, (void)n, (void)writing, (void)context;
	return -1;
}

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

struct status tls_load(struct tls *t, const char *cert_pem, const char *key_pem, struct error *e)
{
	CLEANUP(bio_free) BIO *certs = BIO_new_mem_buf(cert_pem, -1);
	CLEANUP(bio_free) BIO *key = BIO_new_mem_buf(key_pem, -1);
	X509 *more;

	REQUIRE(certs && key, S_OVERLOAD);
	t->certificate = PEM_read_bio_X509(certs, NULL, no_passphrase, NULL);
	t->key = PEM_read_bio_PrivateKey(key, NULL, no_passphrase, NULL);
	t->chain = sk_X509_new_null();
	if (!t->certificate || !t->key || !t->chain || X509_check_private_key(t->certificate, t->key) != 1)
		return error_set(e, "the certificate and key of 'admin' cannot be used");
	while ((more = PEM_read_bio_X509(certs, NULL, no_passphrase, NULL)))
		sk_X509_push(t->chain, more);
	ERR_clear_error();
	return S_OK;
}

static void roots_free(struct root *roots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		X509_free(roots[i].certificate);
	free(roots);
}

void tls_free(struct tls *t)
{
	roots_free(t->roots, t->n_roots);
	X509_free(t->certificate);
	sk_X509_pop_free(t->chain, X509_free);
	EVP_PKEY_free(t->key);
	SSL_CTX_free(t->context);
	*t = (struct tls){0};
}

static bool certificate_digest(const X509 *certificate, struct digest *out)
{
	unsigned n = 0;

	return X509_digest(certificate, EVP_sha256(), out->v, &n) == 1 && n == DIGEST_BYTES;
}

/* Every certificate of one organisation's PEM. */
static struct status root_add(struct root **roots, size_t *n, const Anpr__V1__TrustRoot *from)
{
	CLEANUP(bio_free) BIO *bio = BIO_new_mem_buf(from->ca_pem, -1);
	X509 *certificate;
	size_t before = *n;

	REQUIRE(bio, S_OVERLOAD);
	REQUIRE(strlen(from->organisation) <= ORGANISATION_MAX, S_BAD_INPUT);
	while ((certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		struct root *grown = reallocarray(*roots, *n + 1, sizeof *grown);
		if (!grown) {
			X509_free(certificate);
			return S_OVERLOAD;
		}
		*roots = grown;
		grown[*n] = (struct root){.certificate = certificate};
		memcpy(grown[*n].organisation, from->organisation, strlen(from->organisation) + 1);
		if (!certificate_digest(certificate, &grown[(*n)++].digest))
			return S_FAULT;
	}
	ERR_clear_error();
	return *n > before ? S_OK : S_BAD_INPUT;
}

static SSL_CTX *context_new(const struct tls *t)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context)
		return NULL;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* Whatever certificate an organisation gave is where its chains end, a root or not. */
	X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
	if (SSL_CTX_use_cert_and_key(context, t->certificate, t->key, t->chain, 1) == 1)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* The core has checked whose they are. */
static bool store_revoke(X509_STORE *store, const Anpr__V1__TrustRoots *roots)
{
	for (size_t i = 0; i < roots->n_roots; i++)
		for (size_t k = 0; k < roots->roots[i]->n_revocation_lists; k++) {
			const ProtobufCBinaryData *list = &roots->roots[i]->revocation_lists[k];
			const unsigned char *p = list->data;
			X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)list->len);
			bool used = crl && crl_use(store, crl);

			X509_CRL_free(crl);
			if (!used)
				return false;
		}
	return true;
}

/* The store decides; the list of names helps browsers to offer the right certificate. */
static bool context_trust(SSL_CTX *context, const struct root *roots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), roots[i].certificate) != 1 ||
			SSL_CTX_add_client_CA(context, roots[i].certificate) != 1)
			return false;
	return true;
}

struct status tls_trust(struct tls *t, const Anpr__V1__TrustRoots *roots, struct error *e)
{
	struct root *made = NULL;
	size_t n = 0;
	SSL_CTX *context = context_new(t);

	for (size_t i = 0; i < roots->n_roots; i++)
		if (!ok(root_add(&made, &n, roots->roots[i])))
			error_add(e, NULL, 0, 0, "the trust root of %.64s cannot be read",
				roots->roots[i]->organisation);
	if (!context || !context_trust(context, made, n) ||
		!store_revoke(SSL_CTX_get_cert_store(context), roots)) {
		SSL_CTX_free(context);
		roots_free(made, n);
		return S_FAULT;
	}
	roots_free(t->roots, t->n_roots);
	SSL_CTX_free(t->context); /* connections made from it keep it alive */
	t->roots = made;
	t->n_roots = n;
	t->context = context;
	return S_OK;
}

const struct root *tls_root_of(const struct tls *t, SSL *ssl)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	const struct root *found = NULL;
	struct digest end;

	if (SSL_get_verify_result(ssl) != X509_V_OK || !chain || sk_X509_num(chain) < 1)
		return NULL;
	if (!certificate_digest(sk_X509_value(chain, sk_X509_num(chain) - 1), &end))
		return NULL;
	for (size_t i = 0; i < t->n_roots; i++) {
		if (!digest_equal(&t->roots[i].digest, &end))
			continue;
		if (found && strcmp(found->organisation, t->roots[i].organisation) != 0)
			return NULL; /* two bodies with one trust root: who is it? */
		found = &t->roots[i];
	}
	return found;
}

bool tls_still_good(const struct tls *t, SSL *ssl)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool good = context &&
		    X509_STORE_CTX_init(context, SSL_CTX_get_cert_store(t->context),
			    SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl)) == 1 &&
		    X509_STORE_CTX_set_default(context, "ssl_client") == 1 && X509_verify_cert(context) == 1;

	X509_STORE_CTX_free(context);
	ERR_clear_error();
	return good;
}

bool tls_trusts(const struct tls *t, const struct digest *root, const char *organisation)
{
	for (size_t i = 0; i < t->n_roots; i++)
		if (digest_equal(&t->roots[i].digest, root) &&
			strcmp(t->roots[i].organisation, organisation) == 0)
			return true;
	return false;
}

bool tls_subject(const X509 *certificate, char *to)
{
	CLEANUP(bio_free) BIO *bio = BIO_new(BIO_s_mem());
	const X509_NAME *name = X509_get_subject_name(certificate);
	char *text;
	long n;

	if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0)
		return false;
	n = BIO_get_mem_data(bio, &text);
	if (n <= 0 || n >= SUBJECT_MAX || memchr(text, 0, (size_t)n))
		return false;
	memcpy(to, text, (size_t)n);
	to[n] = 0;
	return true;
}

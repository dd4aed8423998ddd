/* SPDX-License-Identifier: Apache-2.0
 *
 * The files a configuration names: there, of the right sort, and private where they must be. A mistake found
 * here is found before anything was started.
 */
#include "gateway/config/loader.h"

#include "gateway/base/file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PEM_BYTES_MAX (1u << 20)

/* Never ask at a terminal: a key that needs a passphrase cannot be used by a service. */
static int no_passphrase(char *to, int n, int writing, void *context)
{
	(void)to, (void)n, (void)writing, (void)context;
	return -1;
}

static EVP_PKEY *key_of(struct span pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static X509 *certificate_of(struct span pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return certificate;
}

static void folder_check(struct loader *l, int node, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno != ENOENT)
			loader_problem(l, node, "%s: %s", path, strerror(errno));
		return; /* made at the start */
	}
	if (!S_ISDIR(st.st_mode))
		loader_problem(l, node, "%s is not a folder", path);
	else if (st.st_mode & 022)
		/* Whoever can write there can take stop files away. */
		loader_problem(l, node, "%s can be written by others: chmod go-w it", path);
}

static void certificate_check(struct loader *l, int node, const char *path, struct span pem)
{
	X509 *certificate = certificate_of(pem);

	if (!certificate)
		loader_problem(l, node, "%s holds no certificate in PEM", path);
	X509_free(certificate);
}

static void key_form_check(struct loader *l, int node, const char *path, enum file_kind kind, struct span pem)
{
	EVP_PKEY *key = key_of(pem);

	if (!key)
		loader_problem(l, node, "%s holds no private key in PEM without a passphrase", path);
	else if (kind == FILE_SIGNING_KEY && EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519)
		loader_problem(l, node,
			"%s is no Ed25519 key; make one: openssl genpkey -algorithm ED25519 -out FILE", path);
	EVP_PKEY_free(key);
}

/* One key serves one role; a copy or a link is the same key. */
static void key_once(struct loader *l, int node, struct span pem)
{
	struct key_seen *grown, seen = {.content = digest_of(pem)};

	for (size_t i = 0; i < l->n_keys; i++)
		if (digest_equal(&l->keys[i].content, &seen.content)) {
			loader_problem(l, node, "the same key as %s on line %zu: one key serves one role",
				l->keys[i].where, l->keys[i].line);
			return;
		}
	grown = realloc(l->keys, (l->n_keys + 1) * sizeof *grown);
	if (!grown)
		return;
	l->keys = grown;
	seen.line = loader_node(l, node)->start_mark.line + 1;
	snprintf(seen.where, sizeof seen.where, "%.120s", l->where);
	l->keys[l->n_keys++] = seen;
}

static void pem_check(struct loader *l, int node, const char *path, enum file_kind kind)
{
	struct buffer pem = {.max = PEM_BYTES_MAX};

	if (!ok(file_read(path, PEM_BYTES_MAX, &pem, NULL)))
		loader_problem(l, node, "%s cannot be read", path);
	else if (kind == FILE_KEY || kind == FILE_SIGNING_KEY) {
		key_form_check(l, node, path, kind, buffer_span(&pem));
		key_once(l, node, buffer_span(&pem));
	} else {
		certificate_check(l, node, path, buffer_span(&pem));
	}
	buffer_free(&pem);
}

void file_check(struct loader *l, int node, const char *path, enum file_kind kind)
{
	struct stat st;
	bool private = kind == FILE_KEY || kind == FILE_SIGNING_KEY;

	if (kind == FILE_FOLDER) {
		folder_check(l, node, path);
		return;
	}
	if (stat(path, &st) != 0)
		loader_problem(l, node, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		loader_problem(l, node, "%s is not a file", path);
	else if (private && st.st_mode & 077)
		loader_problem(l, node, "%s is a private key that others can use (mode %04o): chmod 600 it",
			path, (unsigned)st.st_mode & 07777);
	else if (kind != FILE_ANY)
		pem_check(l, node, path, kind);
}

enum pair { PAIR_UNREADABLE = 0, PAIR_MATCHES, PAIR_DIFFERS };

static enum pair pair_look(const char *cert, const char *key)
{
	struct buffer a = {.max = PEM_BYTES_MAX}, b = {.max = PEM_BYTES_MAX};
	bool read =
		ok(file_read(cert, PEM_BYTES_MAX, &a, NULL)) && ok(file_read(key, PEM_BYTES_MAX, &b, NULL));
	X509 *certificate = read ? certificate_of(buffer_span(&a)) : NULL;
	EVP_PKEY *private = read ? key_of(buffer_span(&b)) : NULL;
	enum pair pair = PAIR_UNREADABLE;

	if (certificate && private)
		pair = X509_check_private_key(certificate, private) == 1 ? PAIR_MATCHES : PAIR_DIFFERS;
	X509_free(certificate);
	EVP_PKEY_free(private);
	buffer_free(&a);
	buffer_free(&b);
	return pair;
}

bool file_pair_matches(const char *cert, const char *key)
{
	return pair_look(cert, key) != PAIR_DIFFERS;
}

bool config_pair_matches(const struct config_tls *tls)
{
	return pair_look(tls->cert, tls->key) == PAIR_MATCHES;
}

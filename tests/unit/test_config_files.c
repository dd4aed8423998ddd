/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder with one CA's worth of keys and certificates, made anew for each run.
 */
#include "test_config.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char folder[64];

void text_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void key_write(const char *path, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

static void certificate_write(const char *path, const char *name, EVP_PKEY *key)
{
	X509 *x = X509_new();
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(
		X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ck_assert_int_gt(X509_sign(x, key, EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_X509(f, x), 1);
	fclose(f);
	X509_free(x);
}

static void pair_make(const char *name)
{
	char path[80];
	EVP_PKEY *key = EVP_EC_gen("P-256");

	snprintf(path, sizeof path, "pki/%s.key", name);
	key_write(path, key);
	snprintf(path, sizeof path, "pki/%s.pem", name);
	certificate_write(path, name, key);
	EVP_PKEY_free(key);
}

void folder_make(void)
{
	static const char *const names[] = {"ca", "kafka", "mps-ca", "tfl-ca", "to-tfl", "ingress", "admin"};
	EVP_PKEY *signing = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	const char *where = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%.40s/anpr-config-XXXXXX", where ? where : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("pki", 0700), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		pair_make(names[i]);
	key_write("pki/signing.key", signing);
	EVP_PKEY_free(signing);
}

void folder_remove(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -r '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

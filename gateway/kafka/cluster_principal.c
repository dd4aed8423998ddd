/* SPDX-License-Identifier: Apache-2.0
 *
 * What Kafka calls the holder of a certificate.
 */
#include "gateway/kafka/cluster.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

/* errors: BAD_INPUT where it does not fit: a principal cut short would be somebody else's. */
static struct status print_subject(X509 *certificate, BIO *out, char *to)
{
	char *text = NULL;
	long n = 0;

	if (X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_get_mem_data(out, &text);
	REQUIRE(n > 0 && n < CLUSTER_PRINCIPAL_MAX - 8, S_BAD_INPUT);
	snprintf(to, CLUSTER_PRINCIPAL_MAX, "User:%.*s", (int)n, text);
	return S_OK;
}

struct status cluster_principal(struct span cert_pem, char *to, struct error *e)
{
	BIO *in = BIO_new_mem_buf(cert_pem.p, (int)cert_pem.n), *out = BIO_new(BIO_s_mem());
	X509 *certificate = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	struct status status = S_BAD_INPUT;

	if (certificate && out)
		status = print_subject(certificate, out, to);
	X509_free(certificate);
	BIO_free(in);
	BIO_free(out);
	return ok(status) ? status : error_set(e, "the certificate has no subject that Kafka could name");
}

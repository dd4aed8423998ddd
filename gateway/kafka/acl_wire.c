/* SPDX-License-Identifier: Apache-2.0
 *
 * CreateAcls and DescribeAcls, version 1, by hand: one connection, one request, one answer.
 * source: the protocol guide of Kafka, kafka.apache.org/protocol#The_Messages_CreateAcls, _DescribeAcls
 */
#include "gateway/kafka/acl_wire.h"

#include "gateway/base/clock.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIBE_ACLS    29
#define CREATE_ACLS      30
#define VERSION          1
#define CORRELATION      1
#define TRANSACTIONAL_ID 5
#define ANY              1
#define NOTHING          0xffff
#define LITERAL          3
#define PREFIXED         4
#define DENY             2
#define ALLOW            3
#define ANSWER_MAX       65536

static struct status put(struct buffer *out, uint32_t value, size_t bytes)
{
	uint8_t big[4];

	for (size_t i = 0; i < bytes; i++)
		big[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
	return buffer_append(out, span_of(big, bytes));
}

static struct status put_text(struct buffer *out, const char *text)
{
	size_t n = strlen(text);

	REQUIRE(n < 32768, S_BAD_INPUT);
	TRY(put(out, (uint32_t)n, 2));
	return buffer_append(out, span_of(text, n));
}

static struct status put_body(struct buffer *out, const struct acl *acl, int operation)
{
	TRY(put(out, CREATE_ACLS, 2));
	TRY(put(out, VERSION, 2));
	TRY(put(out, CORRELATION, 4));
	TRY(put_text(out, "anpr"));
	TRY(put(out, 1, 4)); /* how many rights */
	TRY(put(out, TRANSACTIONAL_ID, 1));
	TRY(put_text(out, acl->name));
	TRY(put(out, acl->prefixed ? PREFIXED : LITERAL, 1));
	TRY(put_text(out, acl->principal));
	TRY(put_text(out, acl->host));
	TRY(put(out, (uint32_t)operation, 1));
	return put(out, acl->deny ? DENY : ALLOW, 1);
}

/* All rights there are. What they are is librdkafka's to read, so that any one would do. */
static struct status put_look(struct buffer *out)
{
	TRY(put(out, DESCRIBE_ACLS, 2));
	TRY(put(out, VERSION, 2));
	TRY(put(out, CORRELATION, 4));
	TRY(put_text(out, "anpr"));
	TRY(put(out, ANY, 1));     /* resource */
	TRY(put(out, NOTHING, 2)); /* its name */
	TRY(put(out, ANY, 1));     /* pattern */
	TRY(put(out, NOTHING, 2)); /* principal */
	TRY(put(out, NOTHING, 2)); /* host */
	TRY(put(out, ANY, 1));     /* operation */
	return put(out, ANY, 1);   /* allowed or denied */
}

/* The body, with its length before it. Frees it. */
static struct status frame(struct status status, struct buffer body, struct buffer *out)
{
	if (ok(status))
		status = put(out, (uint32_t)body.n, 4);
	if (ok(status))
		status = buffer_append(out, buffer_span(&body));
	buffer_free(&body);
	return status;
}

struct status acl_wire_encode(const struct acl *acl, int operation, struct buffer *out)
{
	struct buffer body = {0};
	struct status status = put_body(&body, acl, operation);

	return frame(status, body, out);
}

struct status acl_wire_encode_look(struct buffer *out)
{
	struct buffer body = {0};
	struct status status = put_look(&body);

	return frame(status, body, out);
}

static bool take(struct span *from, size_t bytes, uint32_t *out)
{
	if (from->n < bytes)
		return false;
	*out = 0;
	for (size_t i = 0; i < bytes; i++)
		*out = *out << 8 | from->p[i];
	*from = span_of(from->p + bytes, from->n - bytes);
	return true;
}

static bool take_head(struct span *answer)
{
	uint32_t correlation, throttled;

	return take(answer, 4, &correlation) && correlation == CORRELATION && take(answer, 4, &throttled);
}

/* The code and the words of an error, which 0 is not. */
static struct status verdict(struct span answer, struct error *e)
{
	uint32_t code, n;

	if (!take(&answer, 2, &code) || !take(&answer, 2, &n) || (n != NOTHING && n > answer.n))
		return error_set(e, "the broker's answer cannot be read");
	if (code == 0)
		return S_OK;
	error_add(e, NULL, 0, 0, "refused with code %u: %.*s", (unsigned)code, n == NOTHING ? 0 : (int)n,
		(const char *)answer.p);
	return S_REFUSED;
}

struct status acl_wire_decode(struct span answer, struct error *e)
{
	uint32_t results;

	if (!take_head(&answer) || !take(&answer, 4, &results) || results != 1)
		return error_set(e, "the broker's answer cannot be read");
	return verdict(answer, e);
}

struct status acl_wire_decode_look(struct span answer, struct error *e)
{
	if (!take_head(&answer))
		return error_set(e, "the broker's answer cannot be read");
	return verdict(answer, e);
}

static X509 *read_certificate(const char *pem)
{
	BIO *from = BIO_new_mem_buf(pem, -1);
	X509 *certificate = from ? PEM_read_bio_X509(from, NULL, NULL, NULL) : NULL;

	BIO_free(from);
	return certificate;
}

static bool trust(SSL_CTX *tls, const char *pem)
{
	BIO *from = BIO_new_mem_buf(pem, -1);
	X509 *certificate;
	bool any = false;

	while (from && (certificate = PEM_read_bio_X509(from, NULL, NULL, NULL))) {
		any |= X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(from);
	return any;
}

static SSL_CTX *make_tls(const struct kafka_config *config)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	BIO *from = BIO_new_mem_buf(config->key_pem, -1);
	EVP_PKEY *key = from ? PEM_read_bio_PrivateKey(from, NULL, NULL, NULL) : NULL;
	X509 *certificate = read_certificate(config->cert_pem);
	bool good = tls && key && certificate && trust(tls, config->ca_pem) &&
		    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) &&
		    SSL_CTX_use_certificate(tls, certificate) == 1 && SSL_CTX_use_PrivateKey(tls, key) == 1;

	BIO_free(from);
	EVP_PKEY_free(key);
	X509_free(certificate);
	ERR_clear_error();
	if (good) {
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
		return tls;
	}
	SSL_CTX_free(tls);
	return NULL;
}

static int dial_one(const struct addrinfo *address, const struct timeval *limit)
{
	int s = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);

	if (s < 0)
		return -1;
	/* These bound connecting, too. */
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, limit, sizeof *limit);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, limit, sizeof *limit);
	if (connect(s, address->ai_addr, address->ai_addrlen) == 0)
		return s;
	close(s);
	return -1;
}

static int dial(const char *host, const char *port, int timeout_ms)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses = NULL;
	struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000L};
	int s = -1;

	if (getaddrinfo(host, port, &hints, &addresses) != 0)
		return -1;
	for (const struct addrinfo *a = addresses; a && s < 0; a = a->ai_next)
		s = dial_one(a, &limit);
	freeaddrinfo(addresses);
	return s;
}

static bool read_all(SSL *ssl, uint8_t *to, size_t n)
{
	while (n > 0) {
		size_t got = 0;

		if (SSL_read_ex(ssl, to, n, &got) != 1)
			return false;
		to += got;
		n -= got;
	}
	return true;
}

/* What is asked, and who reads the answer. */
struct question {
	struct buffer request;
	struct status (*decode)(struct span answer, struct error *e);
};

/* Over a connection that stands. */
static struct status converse(SSL *ssl, const struct question *q, struct error *e)
{
	uint8_t length[4] = {0}, *answer;
	struct span head = span_of(length, sizeof length);
	struct status status = S_RETRY;
	size_t sent;
	uint32_t n;

	if (SSL_write_ex(ssl, q->request.p, q->request.n, &sent) != 1 || sent != q->request.n ||
		!read_all(ssl, length, sizeof length) || !take(&head, 4, &n) || n > ANSWER_MAX)
		return S_RETRY;
	answer = malloc(n + 1);
	if (answer && read_all(ssl, answer, n))
		status = q->decode(span_of(answer, n), e);
	free(answer);
	return status;
}

static struct status ask(SSL_CTX *tls, const char *host, const char *port, const struct question *q,
	int timeout_ms, struct error *e)
{
	int s = dial(host, port, timeout_ms);
	SSL *ssl = s >= 0 ? SSL_new(tls) : NULL;
	struct status status = S_RETRY;

	if (ssl && SSL_set_fd(ssl, s) == 1 && SSL_set1_host(ssl, host) == 1 && SSL_connect(ssl) == 1)
		status = converse(ssl, q, e);
	SSL_free(ssl);
	if (s >= 0)
		close(s);
	ERR_clear_error();
	return status;
}

/* host:port[,host:port], IPv6 in brackets, each in turn. */
static struct status ask_each(
	SSL_CTX *tls, const char *brokers, const struct question *q, int timeout_ms, struct error *e)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;

	for (const char *at = brokers; *at;) {
		size_t n = strcspn(at, ",");
		char host[256], *port, *begin = host;

		snprintf(host, sizeof host, "%.*s", (int)n, at);
		port = strrchr(host, ':');
		if (port) {
			struct status status;

			*port++ = 0;
			if (*begin == '[' && port[-2] == ']') {
				begin++;
				port[-2] = 0;
			}
			status = ask(tls, begin, port, q, (int)(until - clock_monotonic_ms()), e);
			if (status.kind != STATUS_RETRY)
				return status;
		}
		at += n + (at[n] == ',');
		if (clock_monotonic_ms() >= until)
			break;
	}
	error_add(e, NULL, 0, 0, "no broker answers");
	return S_RETRY;
}

static struct status put_question(
	const struct kafka_config *config, const struct question *q, int timeout_ms, struct error *e)
{
	struct status status;
	SSL_CTX *tls;

	if (!config->ca_pem || !config->cert_pem || !config->key_pem || !(tls = make_tls(config)))
		return error_set(e, "CA, certificate or key cannot be used");
	status = ask_each(tls, config->brokers, q, timeout_ms > 1 ? timeout_ms : 1, e);
	SSL_CTX_free(tls);
	return status;
}

struct status acl_wire_create(const struct kafka_config *config, const struct acl *acl, int operation,
	int timeout_ms, struct error *e)
{
	struct question q = {.decode = acl_wire_decode};
	struct status status = acl_wire_encode(acl, operation, &q.request);

	if (ok(status))
		status = put_question(config, &q, timeout_ms, e);
	buffer_free(&q.request);
	return status;
}

struct status acl_wire_may_look(const struct kafka_config *config, int timeout_ms, struct error *e)
{
	struct question q = {.decode = acl_wire_decode_look};
	struct status status = acl_wire_encode_look(&q.request);

	if (ok(status))
		status = put_question(config, &q, timeout_ms, e);
	buffer_free(&q.request);
	return status;
}

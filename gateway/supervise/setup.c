/* SPDX-License-Identifier: Apache-2.0
 *
 * What a source or the admin process is told at its start. The supervisor reads the key files, so that these
 * processes need none; what it read is cleansed as soon as it is sent.
 */
#include "gateway/base/file.h"
#include "gateway/supervise/child.h"

#include "anpr/v1/frame.pb-c.h"

#define PEM_BYTES_MAX (1u << 20)

struct pems {
	struct buffer ca, cert, key;
};

static void pems_free(struct pems *p)
{
	buffer_free(&p->ca);
	buffer_free(&p->cert);
	buffer_free(&p->key);
}

static struct status pems_read(const struct config_tls *tls, struct pems *p, struct error *e)
{
	if (tls->ca)
		TRY(file_read(tls->ca, PEM_BYTES_MAX, &p->ca, e));
	TRY(file_read(tls->cert, PEM_BYTES_MAX, &p->cert, e));
	return file_read_private(tls->key, PEM_BYTES_MAX, &p->key, e);
}

/* buffer_text is const for its readers; protobuf-c's strings are not. Nothing writes to them. */
static char *text(struct buffer *b)
{
	return (char *)buffer_text(b);
}

static struct status pack(const ProtobufCMessage *message, struct buffer *body)
{
	size_t n = protobuf_c_message_get_packed_size(message);

	TRY(buffer_reserve(body, n));
	body->n += protobuf_c_message_pack(message, body->p + body->n);
	return S_OK;
}

static struct status source_setup(
	const struct config_partner *partner, struct pems *pems, struct buffer *body)
{
	Anpr__V1__SourceSetup setup = ANPR__V1__SOURCE_SETUP__INIT;

	setup.partner = partner->id;
	setup.url = partner->url;
	setup.ca_pem = text(&pems->ca);
	setup.cert_pem = text(&pems->cert);
	setup.key_pem = text(&pems->key);
	return pack(&setup.base, body);
}

static struct status admin_setup(const struct config *config, struct pems *pems, struct buffer *body)
{
	Anpr__V1__AdminSetup setup = ANPR__V1__ADMIN_SETUP__INIT;

	setup.listen_address = config->admin.address;
	setup.listen_port = config->admin.port;
	setup.cert_pem = text(&pems->cert);
	setup.key_pem = text(&pems->key);
	if (config->metrics.address) {
		setup.metrics_address = config->metrics.address;
		setup.metrics_port = config->metrics.port;
	}
	return pack(&setup.base, body);
}

struct status setup_make(
	const struct config *config, const struct child *c, struct buffer *body, struct error *e)
{
	CLEANUP(pems_free) struct pems pems = {0};

	TRY(pems_read(c->partner ? &c->partner->tls : &config->admin_tls, &pems, e));
	return c->partner ? source_setup(c->partner, &pems, body) : admin_setup(config, &pems, body);
}

enum frame_type setup_type(const struct child *c)
{
	return c->partner ? FRAME_SOURCE_SETUP : FRAME_ADMIN_SETUP;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See access.h.
 */
#include "gateway/ctl/access.h"

#include "gateway/base/file.h"

#define PEM_MAX (1u << 20)

static enum exit_code pem_read(
	const struct options *o, const char *option, const char *path, bool private, struct buffer *out)
{
	struct error e = {0};

	if (!path)
		return fail(o, USAGE, "say %s FILE", option);
	if (!ok(private ? file_read_private(path, PEM_MAX, out, &e) : file_read(path, PEM_MAX, out, &e)))
		return fail_with(o, USAGE, &e);
	return DONE;
}

enum exit_code access_read(const struct options *o, const char *client_id, struct access *out)
{
	enum exit_code code;

	if (!o->kafka)
		return fail(o, USAGE, "which Kafka? --kafka host:port");
	code = pem_read(o, "--kafka-ca", o->kafka_ca, false, &out->ca);
	if (code == DONE)
		code = pem_read(o, "--kafka-cert", o->kafka_cert, false, &out->cert);
	if (code == DONE)
		code = pem_read(o, "--kafka-key", o->kafka_key, true, &out->key);
	out->config = (struct kafka_config){.brokers = o->kafka,
		.ca_pem = buffer_text(&out->ca),
		.cert_pem = buffer_text(&out->cert),
		.key_pem = buffer_text(&out->key),
		.client_id = client_id};
	return code;
}

void access_free(struct access *a)
{
	buffer_free(&a->ca);
	buffer_free(&a->cert);
	buffer_free(&a->key);
}

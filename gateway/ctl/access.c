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

enum exit_code access_read_files(
	const struct options *o, const struct access_files *files, const char *client_id, struct access *out)
{
	enum exit_code code = pem_read(o, "--kafka-ca", files->ca, false, &out->ca);

	if (code == DONE)
		code = pem_read(o, "--kafka-cert", files->cert, false, &out->cert);
	if (code == DONE)
		code = pem_read(o, "--kafka-key", files->key, true, &out->key);
	out->config = (struct kafka_config){.brokers = files->brokers,
		.ca_pem = buffer_text(&out->ca),
		.cert_pem = buffer_text(&out->cert),
		.key_pem = buffer_text(&out->key),
		.client_id = client_id};
	return code;
}

enum exit_code access_read(const struct options *o, const char *client_id, struct access *out)
{
	const struct access_files files = {o->kafka, o->kafka_ca, o->kafka_cert, o->kafka_key};

	if (!o->kafka)
		return fail(o, USAGE, "which Kafka? --kafka host:port");
	return access_read_files(o, &files, client_id, out);
}

void access_free(struct access *a)
{
	buffer_free(&a->ca);
	buffer_free(&a->cert);
	buffer_free(&a->key);
}

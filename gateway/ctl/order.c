/* SPDX-License-Identifier: Apache-2.0
 *
 * Making an order: the command's bytes, the person's signature over exactly these, and the texts it names.
 */
#include "gateway/ctl/order.h"

#include "gateway/ctl/trust.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

static X509 *certificate_of(const struct credentials *c)
{
	BIO *bio = BIO_new_mem_buf(c->cert.p, (int)c->cert.n);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return certificate;
}

/* On whose behalf: as told, else the O of the certificate's issuer, which is how organisations name their
 * CAs. */
static bool organisation_of(const struct options *o, X509 *certificate, char to[65])
{
	int n = -1;

	to[0] = 0;
	if (o->organisation)
		n = snprintf(to, 65, "%s", o->organisation);
	else if (certificate)
		n = X509_NAME_get_text_by_NID(
			X509_get_issuer_name(certificate), NID_organizationName, to, 65);
	return n > 0 && n < 65;
}

static void who_fill(struct order *order, X509 *certificate, const char *organisation)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (out && certificate &&
		X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_get_mem_data(out, &text);
	snprintf(order->who, sizeof order->who, "%.*s, %s", n < 300 ? (int)n : 300, text ? text : "",
		organisation);
	BIO_free(out);
}

static enum exit_code sign_as(
	const struct options *o, const struct credentials *c, struct order *order, char organisation[65])
{
	X509 *certificate = certificate_of(c);
	bool good = organisation_of(o, certificate, organisation);

	if (good)
		who_fill(order, certificate, organisation);
	X509_free(certificate);
	return good ? DONE
		    : fail(o, USAGE,
			      "your certificate's issuer names no organisation: say --organisation ID");
}

static struct status pack(const ProtobufCMessage *message, struct buffer *out)
{
	size_t n = protobuf_c_message_get_packed_size(message);

	TRY(buffer_reserve(out, n));
	out->n += protobuf_c_message_pack(message, out->p + out->n);
	return S_OK;
}

static ProtobufCBinaryData binary(struct span bytes)
{
	return (ProtobufCBinaryData){bytes.n, (uint8_t *)bytes.p};
}

/* The envelope: the command's bytes, what vouches for them, the text. */
static struct status envelope(
	const struct order *order, struct span command, struct span signature, struct buffer *out)
{
	Anpr__V1__Signature cms = ANPR__V1__SIGNATURE__INIT;
	Anpr__V1__SignedCommand signed_command = ANPR__V1__SIGNED_COMMAND__INIT;
	Anpr__V1__Signature *signatures[] = {&cms};
	ProtobufCBinaryData documents[] = {binary(order->documents[0]), binary(order->documents[1])};

	cms.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_CMS;
	cms.value = binary(signature);
	signed_command.command = binary(command);
	signed_command.signatures = signatures;
	signed_command.n_signatures = 1;
	signed_command.documents = documents;
	signed_command.n_documents = (size_t)(order->documents[0].n > 0) + (order->documents[1].n > 0);
	return pack(&signed_command.base, out);
}

/* Refused here already where the form is wrong: the journal's own check, on what is about to be signed. */
static struct status form_check(struct span bytes, struct error *e)
{
	Anpr__V1__Command *command = NULL;
	struct digest id;

	TRY(command_decode(bytes, &command, &id, e));
	anpr__v1__command__free_unpacked(command, NULL);
	return S_OK;
}

static struct status sign(
	const struct order *order, const struct credentials *c, struct buffer *out, struct error *e)
{
	struct buffer command = {0}, signature = {0};
	struct status status = pack(&order->command.base, &command);

	if (ok(status))
		status = form_check(buffer_span(&command), e);
	if (ok(status))
		status = cms_sign(
			buffer_span(&c->cert), buffer_span(&c->key), buffer_span(&command), &signature, e);
	if (ok(status))
		status = envelope(order, buffer_span(&command), buffer_span(&signature), out);
	buffer_free(&command);
	buffer_free(&signature);
	return status;
}

enum exit_code order_reason(const struct options *o, struct order *order)
{
	if (!o->reason || !*o->reason)
		return fail(o, USAGE,
			"say why with --reason TEXT: it goes into the journal, for those who check");
	order->command.reason = (char *)o->reason;
	return DONE;
}

static enum exit_code post(const struct options *o, const struct credentials *c, struct order *order)
{
	struct buffer body = {0};
	struct answer answer = {0};
	struct error e = {0};
	enum exit_code code;

	if (!ok(sign(order, c, &body, &e))) {
		buffer_free(&body);
		return fail_with(o, REFUSED, &e);
	}
	client_command(o, c, buffer_span(&body), order->narrows, &answer);
	code = outcome_tell(o, order, &answer);
	json_decref(answer.json);
	buffer_free(&body);
	return code;
}

enum exit_code order_send(const struct options *o, struct order *order)
{
	struct credentials c = {0};
	uint8_t nonce[16];
	char organisation[65];
	enum exit_code code = credentials_read(o, &c);

	if (code == DONE)
		code = sign_as(o, &c, order, organisation);
	random_bytes(nonce, sizeof nonce);
	order->command.nonce = binary(span_of(nonce, sizeof nonce));
	order->command.organisation = organisation;
	order->command.made_at_ms = clock_now().v;
	if (code == DONE && !order->narrows)
		code = trust_take(o, &c, organisation);
	if (code == DONE)
		code = head_take(o, &c, order);
	if (code == DONE && order->look)
		code = order->look(o, order);
	if (code == DONE)
		code = post(o, &c, order);
	if (code == DONE && order->narrows)
		(void)trust_take(o, &c, organisation); /* stopping is never held up: told, but afterwards */
	free(order->command.head_hash.data);
	credentials_free(&c);
	return code;
}

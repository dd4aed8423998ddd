/* SPDX-License-Identifier: Apache-2.0
 *
 * Making an order: the command's bytes, the person's signature over exactly these, and the texts it names.
 */
#include "gateway/ctl/order.h"

#include "gateway/ctl/trust.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

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

static void who_fill(char who[WHO_MAX], X509 *certificate, const char *organisation)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (out && certificate &&
		X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_get_mem_data(out, &text);
	snprintf(who, WHO_MAX, "%.*s, %s", n < 300 ? (int)n : 300, text ? text : "", organisation);
	BIO_free(out);
}

enum exit_code order_who(
	const struct options *o, const struct credentials *c, char who[WHO_MAX], char organisation[65])
{
	X509 *certificate = certificate_of(c);
	bool good = organisation_of(o, certificate, organisation);

	if (good)
		who_fill(who, certificate, organisation);
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

/* The command's bytes and what vouches for them; an envelope without the texts. */
static struct status envelope(struct span command, struct span signature, struct buffer *out)
{
	Anpr__V1__Signature cms = ANPR__V1__SIGNATURE__INIT;
	Anpr__V1__SignedCommand signed_command = ANPR__V1__SIGNED_COMMAND__INIT;
	Anpr__V1__Signature *signatures[] = {&cms};

	cms.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_CMS;
	cms.value = binary(signature);
	signed_command.command = binary(command);
	signed_command.signatures = signatures;
	signed_command.n_signatures = 1;
	return pack(&signed_command.base, out);
}

/* An envelope of nothing but the texts: protobuf's messages are joined by joining their bytes. */
static struct status texts_append(const struct order *order, struct buffer *out)
{
	Anpr__V1__SignedCommand texts = ANPR__V1__SIGNED_COMMAND__INIT;
	ProtobufCBinaryData documents[] = {binary(order->documents[0]), binary(order->documents[1])};

	texts.documents = documents;
	texts.n_documents = (size_t)(order->documents[0].n > 0) + (order->documents[1].n > 0);
	return pack(&texts.base, out);
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
		status = envelope(buffer_span(&command), buffer_span(&signature), out);
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

/* Who, when, and after which entry of the journal. */
static enum exit_code fill(const struct options *o, const struct credentials *c, struct order *order)
{
	enum exit_code code = order_who(o, c, order->who, order->organisation);

	if (code == DONE && *order->command.organisation &&
		strcmp(order->command.organisation, order->organisation) != 0)
		return fail(o, REFUSED, "not signed: it is in the name of %.64s, and you speak for %s",
			order->command.organisation, order->organisation);
	order->command.organisation = order->organisation;
	order->command.made_at_ms = clock_now().v;
	if (order->command.nonce.len == 0) {
		random_bytes(order->nonce, sizeof order->nonce);
		order->command.nonce = binary(span_of(order->nonce, sizeof order->nonce));
	}
	if (code == DONE && !order->narrows)
		code = trust_take(o, c, order->organisation);
	return code == DONE ? head_take(o, c, order) : code;
}

enum exit_code order_seal(
	const struct options *o, const struct credentials *c, struct order *order, struct buffer *sealed)
{
	struct error e = {0};
	enum exit_code code = fill(o, c, order);

	if (code == DONE && order->look)
		code = order->look(o, order);
	if (code == DONE && !ok(sign(order, c, sealed, &e)))
		code = fail_with(o, REFUSED, &e);
	return code;
}

enum exit_code order_post(const struct options *o, const struct credentials *c, const struct order *order,
	struct span sealed, struct answer *answer)
{
	struct buffer body = {0};
	enum exit_code code = DONE;

	if (ok(buffer_append(&body, sealed)) && ok(texts_append(order, &body)))
		client_command(o, c, buffer_span(&body), order->narrows, answer);
	else
		code = fail(o, REFUSED, "not sent: out of memory");
	buffer_free(&body);
	return code;
}

void order_sent(const struct options *o, const struct credentials *c, const struct order *order)
{
	if (order->narrows)
		(void)trust_take(o, c, order->organisation);
}

enum exit_code order_send(const struct options *o, struct order *order)
{
	struct credentials c = {0};
	struct buffer sealed = {0};
	struct answer answer = {0};
	enum exit_code code = credentials_read(o, &c);

	if (code == DONE)
		code = order_seal(o, &c, order, &sealed);
	if (code == DONE)
		code = order_post(o, &c, order, buffer_span(&sealed), &answer);
	if (code == DONE) {
		code = outcome_tell(o, order, &answer);
		fflush(stdout); /* who waits for the receipt has it now */
		order_sent(o, &c, order);
	}
	json_decref(answer.json);
	buffer_free(&sealed);
	credentials_free(&c);
	return code;
}

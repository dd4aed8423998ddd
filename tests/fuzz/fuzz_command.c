/* SPDX-License-Identifier: Apache-2.0
 *
 * A signed command as anybody may post it: the envelope, and the command in it.
 */
#include "gateway/record/decode.h"
#include "gateway/record/form.h"
#include "gateway/record/record.h"
#include "tests/fuzz/fuzz.h"

static void decode(struct span bytes)
{
	Anpr__V1__Command *c = NULL;
	struct buffer again = {0};
	struct digest id;
	struct error e = {0};
	struct status s = command_decode(bytes, &c, &id, &e);

	NEVER(s.kind != STATUS_OK && s.kind != STATUS_BAD_INPUT);
	NEVER(ok(s) != (e.n == 0));
	if (ok(s)) {
		NEVER(!form_id(c->organisation) || c->nonce.len != 16 || strlen(c->reason) > FORM_TEXT_MAX);
		NEVER(!ok(message_encode(&c->base, &again)) || again.n != bytes.n);
		anpr__v1__command__free_unpacked(c, NULL);
	}
	buffer_free(&again);
	error_free(&e);
}

static void draft(struct span bytes)
{
	Anpr__V1__SignedCommand *envelope = NULL;
	Anpr__V1__Command *command = NULL;
	struct error e = {0};
	struct status s = draft_decode(bytes, &envelope, &command, &e);

	NEVER(s.kind != STATUS_OK && s.kind != STATUS_BAD_INPUT);
	NEVER(ok(s) != (e.n == 0));
	if (ok(s)) {
		NEVER(envelope->n_signatures != 0);
		anpr__v1__command__free_unpacked(command, NULL);
		anpr__v1__signed_command__free_unpacked(envelope, NULL);
	}
	error_free(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	Anpr__V1__SignedCommand *c = NULL;

	decode(span_of(bytes, n));
	draft(span_of(bytes, n));
	if (ok(signed_command_decode(span_of(bytes, n), &c, NULL))) {
		NEVER(c->n_signatures == 0);
		decode(span_binary(c->command));
		anpr__v1__signed_command__free_unpacked(c, NULL);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl propose: a text of any kind, checked here before it is sent.
 */
#include "gateway/ctl/document.h"
#include "gateway/ctl/order.h"

#include "gateway/base/file.h"

#include <stdio.h>
#include <stdlib.h>

#define TRIAL_MAX (1u << 20)

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "partner", "P", "whose register it is (registers only)", partner),
	OPTION(OPTION_TEXT, "reason", "TEXT", "why; kept in the journal", reason),
	OPTION(OPTION_TEXT, "trial", "FILE",
		"what 'anprctl try FILE --json' counted, shown to whoever is asked", trial),
	OPTION(OPTION_TEXT, "receipt", "FILE", "keep the receipt's signed bytes in FILE, where one is given",
		receipt),
	{0},
};

static enum exit_code partner_check(const struct options *o, const struct document *d)
{
	if (d->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER && !o->partner)
		return fail(o, USAGE, "whose register is it? --partner P");
	if (d->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT && o->partner &&
		strcmp(o->partner, d->agreement->partner) != 0)
		return fail(o, USAGE, "the agreement is about %s, not %s", d->agreement->partner, o->partner);
	return DONE;
}

/* What `anprctl try --json` printed, to go with it. */
static enum exit_code trial_read(const struct options *o, struct buffer *out)
{
	struct error e = {0};

	if (o->trial && !ok(file_read(o->trial, TRIAL_MAX, out, &e)))
		return fail_with(o, USAGE, &e);
	return DONE;
}

static void name(Anpr__V1__DocumentRef *ref, Anpr__V1__DocumentKind kind, const char *file, struct span text,
	struct digest *hash)
{
	*hash = digest_of(text);
	ref->kind = kind;
	ref->sha256 = (ProtobufCBinaryData){DIGEST_BYTES, hash->v};
	ref->size = text.n;
	ref->name = (char *)file;
}

static enum exit_code send(const struct options *o, const struct document *d, struct span trial)
{
	Anpr__V1__Propose ask = ANPR__V1__PROPOSE__INIT;
	Anpr__V1__DocumentRef ref = ANPR__V1__DOCUMENT_REF__INIT, tried = ANPR__V1__DOCUMENT_REF__INIT;
	struct order order = ORDER_INIT;
	struct digest hash, trial_hash;

	name(&ref, d->kind, d->name, buffer_span(&d->text), &hash);
	ask.document = &ref;
	if (trial.n > 0) {
		name(&tried, ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_TRIAL, basename(o->trial), trial,
			&trial_hash);
		ask.trial = &tried;
	}
	if (d->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER)
		ask.partner = (char *)o->partner;
	order.command.ask_case = ANPR__V1__COMMAND__ASK_PROPOSE;
	order.command.propose = &ask;
	order.command.reason = (char *)(o->reason ? o->reason : "");
	order.documents[0] = buffer_span(&d->text);
	order.documents[1] = trial;
	if (d->revoked) {
		order.heading = "Revoked.";
		order.done = "These certificates say nothing from now on; what they said before stays.";
	} else {
		order.heading = "Proposed.";
		order.done = "The journal entry's number is the proposal's.";
		order.next = "Who has to consent: anprctl proposals";
	}
	return order_send(o, &order);
}

static enum exit_code propose(struct options *o)
{
	struct document d = {0};
	struct buffer trial = {0};
	enum exit_code code = document_read(o, o->arguments[0], &d);

	if (code == DONE)
		code = partner_check(o, &d);
	if (code == DONE)
		code = trial_read(o, &trial);
	if (code == DONE)
		code = send(o, &d, buffer_span(&trial));
	buffer_free(&trial);
	document_free(&d);
	return code;
}

const struct verb verb_propose = {
	.name = "propose",
	.arguments = "FILE [--partner P] [--reason TEXT] [--trial FILE]",
	.summary = "propose an agreement, a register, who may speak here; revoke certificates",
	.help = "Proposes FILE on behalf of your body, which thereby consents to it; 'anprctl proposals' "
		"shows who else\n"
		"has to. What it would change comes back in words and counts. The file is checked first, and "
		"every\n"
		"mistake is told with its line.\n"
		"\n"
		"  anprctl propose tfl-mps.yaml\n"
		"  anprctl propose cameras.csv --partner tfl-ulez\n"
		"  anprctl try tfl-mps.yaml --for 1h --json > trial.json && anprctl propose tfl-mps.yaml "
		"--trial trial.json\n"
		"  anprctl propose tfl.yaml            an organisation: its CA, its people\n"
		"  anprctl propose sheffield.yaml      a partner: whose it is, who pushes, its clock bound\n"
		"  anprctl propose gw-1.yaml           a node's key: added, retired, or one for the other\n"
		"  anprctl propose tfl.crl             a revocation list of your own CA, PEM or DER\n"
		"\n"
		"  organisation: tfl                   partner: sheffield             node: gw-1\n"
		"  ca: |                               organisation: scc              key: |\n"
		"    -----BEGIN CERTIFICATE-----       push_subjects: [CN=sheffield]    -----BEGIN PUBLIC "
		"KEY-----\n"
		"    ...  (left out: as it is)         clock_bound: 2s                  ...\n"
		"  people:                                                            retire: |\n"
		"    - {subject: CN=bob, roles: [controller]}                           -----BEGIN PUBLIC "
		"KEY-----\n"
		"\n"
		"An organisation's file names all of its people. Taking a person or role of your own body "
		"away "
		"applies at\n"
		"once, and so does a revocation list; the rest needs every body that shares an agreement "
		"with "
		"it, or all\n"
		"where there is none.\n"
		"\n"
		"What would change is told line by line: + shares more, - shares less, ! more here and less "
		"there. A later\n"
		"version of an agreement that only narrows it needs nobody else and is in force at once.\n"
		"Of a register, what only narrows (cameras retired or removed) applies at once; the rest "
		"waits for\n"
		"consents. Files of up to 20 MiB.\n",
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {connection_options},
	.run = propose,
};

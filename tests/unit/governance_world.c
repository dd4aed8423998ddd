/* SPDX-License-Identifier: Apache-2.0
 *
 * The world that governance is tested in.
 */
#include "tests/unit/governance_world.h"

#include "gateway/record/decode.h"
#include "gateway/record/form.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const organisations[] = {"mps", "tfl", "mopac", "scc", "ico", "btp"};
static struct pki_cert authorities[6];
static struct pki_cert people[PEOPLE];
static const struct {
	const char *name, *organisation, *authority;
	int role; /* 0 = not in the journal */
} who_is[PEOPLE] = {
	[ALICE] = {"alice", "mps", "mps", ANPR__V1__ROLE__ROLE_POLICY_ADMIN},
	[OMAR] = {"omar", "mps", "mps", ANPR__V1__ROLE__ROLE_OPERATOR},
	[BOB] = {"bob", "tfl", "tfl", ANPR__V1__ROLE__ROLE_CONTROLLER},
	[MIA] = {"mia", "mopac", "mopac", ANPR__V1__ROLE__ROLE_CONTROLLER},
	[SAM] = {"sam", "scc", "scc", ANPR__V1__ROLE__ROLE_CONTROLLER},
	[IRIS] = {"iris", "ico", "ico", ANPR__V1__ROLE__ROLE_AUDITOR},
	[NINA] = {"nina", "btp", "btp", ANPR__V1__ROLE__ROLE_POLICY_ADMIN},
	[MALLORY] = {"mallory", "mps", "mps", 0},
	[FALSE_BOB] = {"bob", "tfl", "mps", 0},
	[OLD_BOB] = {"bob", "tfl", "tfl", 0},
};

struct pki_cert *world_ca(const char *organisation)
{
	for (size_t i = 0; i < 6; i++)
		if (strcmp(organisations[i], organisation) == 0)
			return &authorities[i];
	return NULL;
}

struct pki_cert *world_cert(enum who who)
{
	return &people[who];
}

void world_people(void)
{
	const struct utc_ms from = {START_MS - 100 * DAY_MS}, until = {START_MS + 1000 * DAY_MS};
	if (authorities[0].key)
		return;
	for (size_t i = 0; i < 6; i++)
		pki_make(&authorities[i], &(struct pki_want){organisations[i], "CA", from, until, NULL, NULL},
			NULL);
	for (int i = 0; i < PEOPLE; i++) {
		struct pki_want want = {NULL, who_is[i].name, from, until, PKI_PERSON, NULL};
		if (i == OLD_BOB)
			want.until.v = START_MS - DAY_MS;
		pki_make(&people[i], &want, world_ca(who_is[i].authority));
	}
}

void world_people_free(void)
{
	for (size_t i = 0; i < 6; i++)
		pki_free(&authorities[i]);
	for (size_t i = 0; i < PEOPLE; i++)
		pki_free(&people[i]);
}

/* --- the first entry --- */

static struct {
	Anpr__V1__Genesis genesis;
	Anpr__V1__Organisation organisation[6], *organisations[6];
	Anpr__V1__Person person[PEOPLE], *people[6][PEOPLE];
	Anpr__V1__Role roles[PEOPLE];
	Anpr__V1__Partner partner[2], *partners[2];
	Anpr__V1__NodeKey key, *keys[1];
	char subjects[PEOPLE][32];
} first;

static void add_person(int who)
{
	for (size_t i = 0; i < 6; i++) {
		if (strcmp(organisations[i], who_is[who].organisation) != 0 || !who_is[who].role)
			continue;
		anpr__v1__person__init(&first.person[who]);
		snprintf(first.subjects[who], sizeof first.subjects[who], "CN=%s", who_is[who].name);
		first.roles[who] = (Anpr__V1__Role)who_is[who].role;
		first.person[who].subject = first.subjects[who];
		first.person[who].roles = &first.roles[who];
		first.person[who].n_roles = 1;
		first.people[i][first.organisation[i].n_people++] = &first.person[who];
	}
}

Anpr__V1__Genesis *world_genesis(struct world *w)
{
	static const char *const partners[2][2] = {{"tfl-ulez", "tfl"}, {"sheffield", "scc"}};
	anpr__v1__genesis__init(&first.genesis);
	for (size_t i = 0; i < 6; i++) {
		anpr__v1__organisation__init(&first.organisation[i]);
		first.organisation[i].id = (char *)organisations[i];
		first.organisation[i].trust_root =
			(ProtobufCBinaryData){authorities[i].pem.n, authorities[i].pem.p};
		first.organisation[i].people = first.people[i];
		first.organisations[i] = &first.organisation[i];
	}
	for (int i = 0; i < PEOPLE; i++)
		add_person(i);
	for (size_t i = 0; i < 2; i++) {
		anpr__v1__partner__init(&first.partner[i]);
		first.partner[i].id = (char *)partners[i][0];
		first.partner[i].organisation = (char *)partners[i][1];
		first.partners[i] = &first.partner[i];
	}
	anpr__v1__node_key__init(&first.key);
	first.key.node = "gw-1";
	first.key.public_key = (ProtobufCBinaryData){32, w->node_public};
	first.keys[0] = &first.key;
	first.genesis.gateway = "gw-1";
	first.genesis.publishers = 8;
	first.genesis.n_organisations = 6;
	first.genesis.organisations = first.organisations;
	first.genesis.n_partners = 2;
	first.genesis.partners = first.partners;
	first.genesis.n_node_keys = 1;
	first.genesis.node_keys = first.keys;
	return &first.genesis;
}

static void make_key(struct node_key **key, uint8_t *public_key)
{
	struct buffer pem = {0};
	pki_node_key(&pem);
	ck_assert(ok(node_key_parse(buffer_span(&pem), key, NULL)));
	node_key_public(*key, public_key);
	buffer_free(&pem);
}

void world_begin(struct world *w)
{
	*w = (struct world){.now = {START_MS}, .documents = document_store_new()};
	w->g = governance_new(w->documents);
	make_key(&w->node, w->node_public);
	make_key(&w->stranger, w->stranger_public);
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS;
	body.genesis = world_genesis(w);
	struct status s = world_append(w, &body, NULL);
	ck_assert_msg(ok(s), "%s", w->why);
}

void world_end(struct world *w)
{
	governance_free(w->g);
	document_store_free(w->documents);
	node_key_free(w->node);
	node_key_free(w->stranger);
}

void world_wait(struct world *w, int64_t ms)
{
	w->now.v += ms;
}

uint64_t world_newest(const struct world *w)
{
	return governance_sequence(w->g);
}

/* --- appending --- */

/* All that can be seen of the state: what a refusal must not change. */
static struct digest look(const struct world *w)
{
	struct buffer all = {0};
	const struct pending *pending;
	const uint8_t(*keys)[32];
	char *views[] = {governance_view_history(w->g, NULL, (struct utc_ms){0}),
		governance_view_proposals(w->g, 0, false), governance_view_agreements(w->g, w->now),
		governance_view_switches(w->g, NULL, w->now), governance_view_trust(w->g)};
	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
		ck_assert(ok(buffer_append_text(&all, views[i])));
		free(views[i]);
	}
	ck_assert(ok(buffer_format(&all, "%llu %s %zu %zu", (unsigned long long)governance_sequence(w->g),
		DIGEST_TEXT(governance_head(w->g)), governance_pending(w->g, &pending),
		governance_node_keys(w->g, &keys))));
	struct digest d = digest_of(buffer_span(&all));
	buffer_free(&all);
	return d;
}

static void note_why(struct world *w, struct error *e)
{
	char *lines = error_lines(e);
	snprintf(w->why, sizeof w->why, "%s", lines ? lines : "");
	free(lines);
	error_free(e);
}

static struct status apply(struct world *w, struct span value)
{
	struct journal_entry entry;
	struct error e = {0};
	struct digest before = look(w);
	struct status s = journal_entry_decode(value, &entry, &e);
	if (ok(s)) {
		s = governance_apply(w->g, &entry, &e);
		journal_entry_free(&entry);
	}
	note_why(w, &e);
	struct digest after = look(w);
	ck_assert_msg(digest_equal(&before, &after) == !ok(s), "a refusal changed the state: %s", w->why);
	return s;
}

struct status world_append(struct world *w, Anpr__V1__JournalEntry *body, struct buffer *kept)
{
	struct buffer value = {0};
	struct digest previous = *governance_head(w->g), hash;
	struct error e = {0};
	body->sequence = governance_sequence(w->g) + 1;
	body->previous_hash = (ProtobufCBinaryData){32, previous.v};
	body->time_ms = w->now.v;
	body->node = "gw-1";
	struct status s = journal_entry_seal(body, w->signs_as ? w->signs_as : w->node, &value, &hash, &e);
	note_why(w, &e);
	if (ok(s))
		s = apply(w, buffer_span(&value));
	if (ok(s))
		w->hashes[body->sequence % 256] = hash;
	if (ok(s) && kept)
		ck_assert(ok(buffer_append(kept, buffer_span(&value))));
	buffer_free(&value);
	return s;
}

/* --- commands --- */

void world_ask(struct world *w)
{
	anpr__v1__command__init(&w->c);
	anpr__v1__set_switch__init(&w->sw);
	anpr__v1__camera_selector__init(&w->cameras);
	anpr__v1__propose__init(&w->propose);
	anpr__v1__document_ref__init(&w->document);
	anpr__v1__approve__init(&w->approve);
	anpr__v1__refuse__init(&w->refuse);
	anpr__v1__withdraw__init(&w->withdraw);
	anpr__v1__acknowledge_gap__init(&w->gap);
	random_bytes(w->nonce, sizeof w->nonce);
	w->head = *governance_head(w->g);
	w->c.nonce = (ProtobufCBinaryData){16, w->nonce};
	w->c.reason = "because";
	w->c.head_sequence = governance_sequence(w->g);
	w->c.head_hash = (ProtobufCBinaryData){w->c.head_sequence ? 32 : 0, w->head.v};
	w->cameras.patterns = w->patterns;
	w->propose.document = &w->document;
	w->kind = 0;
	w->organisation = NULL;
	w->accepted = (struct utc_ms){0};
}

static void sign_value(
	const struct world *w, const struct pki_cert *cert, struct span command, struct buffer *value)
{
	if (w->kind == ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED)
		ck_assert(ok(buffer_append(value, buffer_span(&cert->der))));
	else
		ck_assert(ok(cms_sign(
			buffer_span(&cert->pem), buffer_span(&cert->key_pem), command, value, NULL)));
}

void world_sign(struct world *w, enum who who, struct buffer *out)
{
	struct buffer command = {0}, value = {0};
	w->c.organisation = (char *)(w->organisation ? w->organisation : who_is[who].organisation);
	ck_assert(ok(message_encode(&w->c.base, &command)));
	sign_value(w, &people[who], buffer_span(&command), &value);
	Anpr__V1__Signature signature = ANPR__V1__SIGNATURE__INIT, *signatures[1] = {&signature};
	signature.kind =
		w->kind ? (Anpr__V1__SignatureKind)w->kind : ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_CMS;
	signature.value = (ProtobufCBinaryData){value.n, value.p};
	Anpr__V1__SignedCommand c = ANPR__V1__SIGNED_COMMAND__INIT;
	c.command = (ProtobufCBinaryData){command.n, command.p};
	c.n_signatures = 1;
	c.signatures = signatures;
	ck_assert(ok(message_encode(&c.base, out)));
	buffer_free(&command);
	buffer_free(&value);
}

/* The entry as a node would append it that had not asked. */
static struct status append_unasked(struct world *w, struct span signed_command)
{
	Anpr__V1__SignedCommand *c =
		anpr__v1__signed_command__unpack(NULL, signed_command.n, signed_command.p);
	struct digest id = digest_of(span_binary(c->command));
	Anpr__V1__Decree d = ANPR__V1__DECREE__INIT;
	Anpr__V1__DocumentRef *documents[1] = {&w->document};
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	d.signed_ = c;
	d.command_id = (ProtobufCBinaryData){32, id.v};
	d.accepted_at_ms = w->accepted.v ? w->accepted.v : w->now.v;
	d.documents = documents;
	d.n_documents = w->c.ask_case == ANPR__V1__COMMAND__ASK_PROPOSE;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_DECREE;
	body.decree = &d;
	struct status s = world_append(w, &body, NULL);
	anpr__v1__signed_command__free_unpacked(c, NULL);
	return s;
}

/* What the ruling makes of it. */
static struct status append_ruled(struct world *w, struct ruling *r, struct span signed_command)
{
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	const struct pending *pending;
	size_t before = governance_pending(w->g, &pending);
	snprintf(w->effect, sizeof w->effect, "%s", r->effect);
	w->narrows = r->narrows;
	w->fences = r->fences;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_DECREE;
	body.decree = ruling_decree(r, signed_command, w->accepted.v ? w->accepted : w->now);
	ck_assert_ptr_nonnull(body.decree);
	struct status s = world_append(w, &body, NULL);
	ck_assert_msg(ok(s), "judged good, but refused when appended: %s", w->why);
	ck_assert_uint_eq(governance_pending(w->g, &pending), before + w->fences);
	decree_free(body.decree);
	return s;
}

struct status world_send(struct world *w, enum who who)
{
	struct buffer bytes = {0};
	struct ruling r;
	struct error e = {0};
	world_sign(w, who, &bytes);
	struct digest before = look(w);
	struct status s = governance_judge(w->g, buffer_span(&bytes), w->now, &r, &e);
	struct digest after = look(w);
	ck_assert(digest_equal(&before, &after));
	if (ok(s)) {
		s = append_ruled(w, &r, buffer_span(&bytes));
		ruling_free(&r);
	} else {
		char why[sizeof w->why];
		note_why(w, &e);
		memcpy(why, w->why, sizeof why);
		ck_assert_msg(!ok(append_unasked(w, buffer_span(&bytes))),
			"refused, but taken in when appended: %s", why);
		memcpy(w->why, why, sizeof why);
	}
	error_free(&e);
	buffer_free(&bytes);
	return s;
}

/* --- what nodes do --- */

struct status world_enforce(struct world *w)
{
	const struct pending *pending;
	size_t n = governance_pending(w->g, &pending);
	Anpr__V1__FencedPublisher fenced[8], *publishers[8];
	uint64_t entries[16];
	Anpr__V1__Enforced enforced = ANPR__V1__ENFORCED__INIT;
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	ck_assert_uint_le(n, 16);
	for (uint32_t i = 0; i < 8; i++) {
		anpr__v1__fenced_publisher__init(&fenced[i]);
		fenced[i].publisher = i;
		publishers[i] = &fenced[i];
	}
	for (size_t i = 0; i < n; i++)
		entries[i] = pending[i].entry;
	struct digest hash = w->hashes[n ? entries[n - 1] : 0];
	enforced.entries = entries;
	enforced.n_entries = n;
	enforced.publishers = publishers;
	enforced.n_publishers = 8;
	enforced.entry_hash = (ProtobufCBinaryData){32, hash.v};
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED;
	body.enforced = &enforced;
	return world_append(w, &body, NULL);
}

void world_due(struct world *w)
{
	Anpr__V1__Lapse lapse;
	struct utc_ms next;
	while (ok(governance_due(w->g, w->now, &lapse, &next))) {
		Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
		body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
		body.lapse = &lapse;
		struct status s = world_append(w, &body, NULL);
		ck_assert_msg(ok(s), "%s", w->why);
	}
}

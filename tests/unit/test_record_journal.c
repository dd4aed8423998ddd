/* SPDX-License-Identifier: Apache-2.0
 *
 * Journal entries: sealed, taken apart, chained.
 */
#include "gateway/record/decode.h"
#include "tests/unit/pki.h"
#include "tests/unit/test_record.h"

static struct node_key *key;
static uint8_t bytes[64];

static void set_up(void)
{
	struct buffer pem = {0};
	pki_node_key(&pem);
	ck_assert(ok(node_key_parse(buffer_span(&pem), &key, NULL)));
	buffer_free(&pem);
}

static void tear_down(void)
{
	node_key_free(key);
}

struct world {
	Anpr__V1__JournalEntry entry;
	Anpr__V1__Genesis genesis;
	Anpr__V1__Organisation organisation, *organisations[1];
	Anpr__V1__Person person, *people[1];
	Anpr__V1__Role roles[1];
	Anpr__V1__Partner partner, *partners[1];
	Anpr__V1__NodeKey node_key, *node_keys[1];
	Anpr__V1__Decree decree;
	Anpr__V1__SignedCommand command;
	Anpr__V1__Signature signature, *signatures[1];
	ProtobufCBinaryData texts[1];
	struct digest command_id;
	Anpr__V1__Lapse lapse;
	Anpr__V1__Enforced enforced;
	uint64_t entries[1];
};

static void parts(struct world *w)
{
	anpr__v1__genesis__init(&w->genesis);
	anpr__v1__organisation__init(&w->organisation);
	anpr__v1__person__init(&w->person);
	anpr__v1__partner__init(&w->partner);
	anpr__v1__node_key__init(&w->node_key);
	anpr__v1__decree__init(&w->decree);
	anpr__v1__signed_command__init(&w->command);
	anpr__v1__signature__init(&w->signature);
	anpr__v1__lapse__init(&w->lapse);
	anpr__v1__enforced__init(&w->enforced);
	w->organisations[0] = &w->organisation;
	w->people[0] = &w->person;
	w->partners[0] = &w->partner;
	w->node_keys[0] = &w->node_key;
	w->signatures[0] = &w->signature;
	w->texts[0] = (ProtobufCBinaryData){3, bytes};
}

static void good(struct world *w)
{
	anpr__v1__journal_entry__init(&w->entry);
	parts(w);
	w->entry.sequence = 1;
	w->entry.previous_hash = (ProtobufCBinaryData){32, bytes};
	w->entry.time_ms = NOW_MS;
	w->entry.node = "gw-1";
	w->entry.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS;
	w->entry.genesis = &w->genesis;
	w->genesis.gateway = "gw-1";
	w->genesis.publishers = 8;
	w->genesis.n_organisations = w->genesis.n_partners = w->genesis.n_node_keys = 1;
	w->genesis.organisations = w->organisations;
	w->genesis.partners = w->partners;
	w->genesis.node_keys = w->node_keys;
	w->organisation.id = "mps";
	w->organisation.trust_root = (ProtobufCBinaryData){10, bytes};
	w->organisation.n_people = 1;
	w->organisation.people = w->people;
	w->person.subject = "CN=alice";
	w->person.n_roles = 1;
	w->person.roles = w->roles;
	w->roles[0] = ANPR__V1__ROLE__ROLE_POLICY_ADMIN;
	w->partner.id = "tfl-ulez";
	w->partner.organisation = "tfl";
	w->node_key.node = "gw-1";
	w->node_key.public_key = (ProtobufCBinaryData){32, bytes};
}

static void decree(struct world *w)
{
	w->entry.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_DECREE;
	w->entry.decree = &w->decree;
	w->decree.signed_ = &w->command;
	w->command.command = (ProtobufCBinaryData){5, bytes};
	w->command.n_signatures = 1;
	w->command.signatures = w->signatures;
	w->command.documents = w->texts;
	w->signature.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_CMS;
	w->signature.value = (ProtobufCBinaryData){5, bytes};
	w->command_id = digest_of(span_of(bytes, 5));
	w->decree.command_id = (ProtobufCBinaryData){32, w->command_id.v};
	w->decree.accepted_at_ms = NOW_MS;
}

static void lapse(struct world *w)
{
	w->entry.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
	w->entry.lapse = &w->lapse;
	w->lapse.cause = ANPR__V1__LAPSE__CAUSE__CAUSE_SWITCH_PERIOD;
	w->lapse.subject = 4;
}

static void enforced(struct world *w)
{
	w->entry.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED;
	w->entry.enforced = &w->enforced;
	w->enforced.n_entries = 1;
	w->enforced.entries = w->entries;
	w->enforced.entry_hash = (ProtobufCBinaryData){32, bytes};
}

#define CHANGE(name, ...)                                                                                    \
	static void name(struct world *w)                                                                    \
	{                                                                                                    \
		__VA_ARGS__;                                                                                 \
	}
CHANGE(genesis_good, (void)w)
CHANGE(decree_good, decree(w))
CHANGE(lapse_good, lapse(w))
CHANGE(stop_file_good, lapse(w), w->lapse.cause = 4, w->lapse.subject = 0)
CHANGE(enforced_good, enforced(w))
CHANGE(no_number, w->entry.sequence = 0)
CHANGE(no_previous, w->entry.previous_hash.len = 0)
CHANGE(no_time, w->entry.time_ms = 0)
CHANGE(negative_time, w->entry.time_ms = -1)
CHANGE(no_node, w->entry.node = "")
CHANGE(no_body, w->entry.body_case = 0)
CHANGE(no_gateway, w->genesis.gateway = "")
CHANGE(no_publishers, w->genesis.publishers = 0)
CHANGE(many_publishers, w->genesis.publishers = 1025)
CHANGE(no_organisations, w->genesis.n_organisations = 0)
CHANGE(no_keys, w->genesis.n_node_keys = 0)
CHANGE(organisation_id, w->organisation.id = "m/s")
CHANGE(no_root, w->organisation.trust_root.len = 0)
CHANGE(no_subject, w->person.subject = "")
CHANGE(no_role, w->roles[0] = 0)
CHANGE(role_5, w->roles[0] = 5)
CHANGE(partner_id, w->partner.id = "")
CHANGE(partner_owner, w->partner.organisation = "")
CHANGE(short_key, w->node_key.public_key.len = 31)
CHANGE(decree_empty, decree(w), w->command.command.len = 0)
CHANGE(decree_unsigned, decree(w), w->decree.signed_ = NULL)
CHANGE(decree_no_signature, decree(w), w->command.n_signatures = 0)
CHANGE(decree_other_id, decree(w), w->command_id.v[31] ^= 1)
CHANGE(decree_with_texts, decree(w), w->command.n_documents = 1)
CHANGE(decree_no_acceptance, decree(w), w->decree.accepted_at_ms = 0)
CHANGE(lapse_no_cause, lapse(w), w->lapse.cause = 0)
CHANGE(lapse_cause_6, lapse(w), w->lapse.cause = 6)
CHANGE(lapse_no_subject, lapse(w), w->lapse.subject = 0)
CHANGE(lapse_partner, lapse(w), w->lapse.partner = "tfl-ulez")
CHANGE(stop_file_subject, lapse(w), w->lapse.cause = 4)
CHANGE(stop_file_seen_before_time, lapse(w), w->lapse.cause = 4, w->lapse.subject = 0,
	w->lapse.accepted_at_ms = -1)
CHANGE(lapse_accepted, lapse(w), w->lapse.accepted_at_ms = 1)
CHANGE(stop_file_partner, lapse(w), w->lapse.cause = 5, w->lapse.subject = 0, w->lapse.partner = "../x")
CHANGE(enforced_nothing, enforced(w), w->enforced.n_entries = 0)
CHANGE(enforced_hash, enforced(w), w->enforced.entry_hash.len = 16)

#define GOOD(f)                                                                                              \
	{                                                                                                    \
#f, f, true                                                                                  \
	}
#define BAD(f)                                                                                               \
	{                                                                                                    \
#f, f, false                                                                                 \
	}
static const struct {
	const char *name;
	void (*change)(struct world *);
	bool good;
} rows[] = {
	GOOD(genesis_good),
	GOOD(decree_good),
	GOOD(lapse_good),
	GOOD(stop_file_good),
	GOOD(enforced_good),
	BAD(no_number),
	BAD(no_previous),
	BAD(no_time),
	BAD(negative_time),
	BAD(no_node),
	BAD(no_body),
	BAD(no_gateway),
	BAD(no_publishers),
	BAD(many_publishers),
	BAD(no_organisations),
	BAD(no_keys),
	BAD(organisation_id),
	BAD(no_root),
	BAD(no_subject),
	BAD(no_role),
	BAD(role_5),
	BAD(partner_id),
	BAD(partner_owner),
	BAD(short_key),
	BAD(decree_empty),
	BAD(decree_unsigned),
	BAD(decree_no_signature),
	BAD(decree_other_id),
	BAD(decree_with_texts),
	BAD(decree_no_acceptance),
	BAD(lapse_no_cause),
	BAD(lapse_cause_6),
	BAD(lapse_no_subject),
	BAD(lapse_partner),
	BAD(stop_file_subject),
	BAD(stop_file_seen_before_time),
	BAD(lapse_accepted),
	BAD(stop_file_partner),
	BAD(enforced_nothing),
	BAD(enforced_hash),
};

START_TEST(an_entry)
{
	struct world w;
	struct buffer value = {0};
	struct digest hash;
	struct error e = {0};
	good(&w);
	rows[_i].change(&w);
	struct status s = journal_entry_seal(&w.entry, key, &value, &hash, &e);
	ck_assert_msg(s.kind == (rows[_i].good ? STATUS_OK : STATUS_BAD_INPUT), "%s: %s", rows[_i].name,
		error_text(&e));
	if (rows[_i].good) {
		struct journal_entry back;
		uint8_t public_key[32];
		node_key_public(key, public_key);
		ck_assert(ok(journal_entry_decode(buffer_span(&value), &back, NULL)));
		ck_assert(digest_equal(&hash, &back.hash));
		ck_assert(ok(node_verify(public_key, DOMAIN_JOURNAL,
			span_of(back.stored->entry.data, back.stored->entry.len),
			span_of(back.stored->signature.data, back.stored->signature.len))));
		journal_entry_free(&back);
	} else {
		ck_assert_uint_eq(value.n, 0);
	}
	error_free(&e);
	buffer_free(&value);
}
END_TEST

START_TEST(an_entry_follows_one_only)
{
	struct world w;
	struct buffer value = {0};
	struct digest hash, zero = {{0}}, other = {{1}};
	struct journal_entry entry;
	good(&w);
	ck_assert(ok(journal_entry_seal(&w.entry, key, &value, &hash, NULL)));
	ck_assert(ok(journal_entry_decode(buffer_span(&value), &entry, NULL)));
	ck_assert(ok(journal_entry_follows(&entry, 0, &zero, NULL)));
	ck_assert_int_eq(journal_entry_follows(&entry, 1, &zero, NULL).kind, STATUS_REFUSED);
	ck_assert_int_eq(journal_entry_follows(&entry, UINT64_MAX, &zero, NULL).kind, STATUS_REFUSED);
	ck_assert_int_eq(journal_entry_follows(&entry, 0, &other, NULL).kind, STATUS_REFUSED);
	journal_entry_free(&entry);
	journal_entry_free(&entry);
	buffer_free(&value);
}
END_TEST

START_TEST(bytes_that_are_no_entry)
{
	struct world w;
	struct buffer value = {0};
	struct digest hash;
	struct journal_entry entry;
	good(&w);
	ck_assert(ok(journal_entry_seal(&w.entry, key, &value, &hash, NULL)));
	for (size_t n = 0; n < value.n; n++)
		ck_assert_int_eq(
			journal_entry_decode(span_of(value.p, n), &entry, NULL).kind, STATUS_BAD_INPUT);
	ck_assert(ok(buffer_append(&value, span_of("\x1a\x00", 2))));
	ck_assert_int_eq(journal_entry_decode(buffer_span(&value), &entry, NULL).kind, STATUS_BAD_INPUT);
	buffer_free(&value);
}
END_TEST

TCase *case_journal(void)
{
	TCase *c = tcase_create("journal");
	tcase_add_unchecked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, an_entry, 0, ROWS(rows));
	tcase_add_test(c, an_entry_follows_one_only);
	tcase_add_test(c, bytes_that_are_no_entry);
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal as a chain: nothing altered, dropped, reordered, added by strangers; and the same journal
 * always comes to the same state.
 */
#include "tests/unit/test_governance.h"

#define ENTRIES 8
static struct buffer entries[ENTRIES];
static struct document_store *documents;

static void keep(Anpr__V1__JournalEntry *body, size_t i)
{
	DONE(world_append(&world, body, &entries[i]));
	world_wait(&world, 10);
}

/* A journal of a genesis and stop files coming and going, kept as bytes. */
static void record(void)
{
	world_end(&world);
	world_begin(&world);
	governance_free(world.g);
	world.g = governance_new(world.documents);
	documents = world.documents;
	Anpr__V1__JournalEntry genesis = ANPR__V1__JOURNAL_ENTRY__INIT;
	genesis.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS;
	genesis.genesis = world_genesis(&world);
	for (size_t i = 0; i < ENTRIES; i++)
		entries[i] = (struct buffer){0};
	keep(&genesis, 0);
	for (size_t i = 1; i < ENTRIES; i++) {
		Anpr__V1__Lapse l = ANPR__V1__LAPSE__INIT;
		Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
		l.cause = i % 2 ? ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE
				: ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE_REMOVED;
		body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
		body.lapse = &l;
		keep(&body, i);
	}
}

static void forget(void)
{
	for (size_t i = 0; i < ENTRIES; i++)
		buffer_free(&entries[i]);
}

static struct status take(struct governance *g, struct span value)
{
	struct journal_entry entry;
	struct error e = {0};
	struct status s = journal_entry_decode(value, &entry, &e);
	if (ok(s)) {
		s = governance_apply(g, &entry, &e);
		journal_entry_free(&entry);
	}
	snprintf(world.why, sizeof world.why, "%s", error_text(&e));
	error_free(&e);
	return s;
}

START_TEST(read_again_it_is_the_same)
{
	record();
	struct governance *g = governance_new(documents);
	for (size_t i = 0; i < ENTRIES; i++)
		DONE(take(g, buffer_span(&entries[i])));
	char *one = governance_view_history(world.g, NULL, (struct utc_ms){0});
	char *two = governance_view_history(g, NULL, (struct utc_ms){0});
	ck_assert_str_eq(one, two);
	ck_assert(digest_equal(governance_head(g), governance_head(world.g)));
	free(one);
	free(two);
	governance_free(g);
	forget();
}
END_TEST

START_TEST(every_flipped_bit)
{
	record();
	for (size_t k = 1; k < 3; k++) {
		struct governance *g = governance_new(documents);
		for (size_t i = 0; i < k; i++)
			DONE(take(g, buffer_span(&entries[i])));
		for (size_t bit = 0; bit < 8 * entries[k].n; bit++) {
			entries[k].p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
			ck_assert(!ok(take(g, buffer_span(&entries[k]))));
			entries[k].p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		}
		DONE(take(g, buffer_span(&entries[k])));
		governance_free(g);
	}
	forget();
}
END_TEST

START_TEST(a_flipped_bit_of_the_beginning)
{
	record();
	for (size_t bit = 0; bit < 8 * entries[0].n; bit += 41) {
		struct governance *g = governance_new(documents);
		entries[0].p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert(!ok(take(g, buffer_span(&entries[0]))));
		entries[0].p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		governance_free(g);
	}
	forget();
}
END_TEST

/* In what order they are read, and which is refused. */
static const struct {
	const char *name;
	int order[6], refused;
} orders[] = {
	{"one dropped", {0, 1, 3}, 2},
	{"two swapped", {0, 2, 1}, 1},
	{"one twice", {0, 1, 1}, 2},
	{"not from the beginning", {1, 2}, 0},
	{"the beginning twice", {0, 0}, 1},
	{"the beginning again", {0, 1, 0}, 2},
	{"back", {0, 1, 2, 3, 1}, 4},
};

START_TEST(another_order)
{
	record();
	struct governance *g = governance_new(documents);
	for (int i = 0; i < orders[_i].refused; i++)
		DONE(take(g, buffer_span(&entries[orders[_i].order[i]])));
	ck_assert_msg(
		take(g, buffer_span(&entries[orders[_i].order[orders[_i].refused]])).kind == STATUS_REFUSED,
		"%s", orders[_i].name);
	ck_assert_uint_eq(governance_sequence(g), (uint64_t)orders[_i].refused);
	governance_free(g);
	forget();
}
END_TEST

/* --- entries by nodes that are not known, or as others --- */

static struct status append_as(const char *node, const struct node_key *key, uint64_t number, int64_t time,
	Anpr__V1__JournalEntry *body)
{
	struct buffer value = {0};
	struct digest previous = *governance_head(world.g), hash;
	body->sequence = number;
	body->previous_hash = (ProtobufCBinaryData){32, previous.v};
	body->time_ms = time;
	body->node = (char *)node;
	ck_assert(ok(journal_entry_seal(body, key, &value, &hash, NULL)));
	struct status s = take(world.g, buffer_span(&value));
	buffer_free(&value);
	return s;
}

static Anpr__V1__JournalEntry stop_body(Anpr__V1__Lapse *l)
{
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	anpr__v1__lapse__init(l);
	l->cause = ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
	body.lapse = l;
	return body;
}

START_TEST(nodes_and_times)
{
	Anpr__V1__Lapse l;
	Anpr__V1__JournalEntry body = stop_body(&l);
	int64_t now = world.now.v;
	REFUSED(append_as("gw-1", world.stranger, 2, now, &body), "not signed by a key of node gw-1");
	REFUSED(append_as("gw-2", world.stranger, 2, now, &body), "not signed by a key of node gw-2");
	REFUSED(append_as("gw-2", world.node, 2, now, &body), "not signed by a key of node gw-2");
	REFUSED(append_as("gw-1", world.node, 3, now, &body), "entry 3 where 2 was to follow");
	REFUSED(append_as("gw-1", world.node, 1, now, &body), "entry 1 where 2 was to follow");
	REFUSED(append_as("gw-1", world.node, 2, now - 1, &body), "older than the one before");
	DONE(append_as("gw-1", world.node, 2, now, &body));
}
END_TEST

/* --- the first entry --- */

static struct status begin_with(void (*change)(Anpr__V1__Genesis *), const struct node_key *key)
{
	struct governance *kept = world.g;
	world.g = governance_new(world.documents);
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS;
	body.genesis = world_genesis(&world);
	change(body.genesis);
	struct status s = append_as("gw-1", key, 1, world.now.v, &body);
	governance_free(world.g);
	world.g = kept;
	return s;
}

static void as_it_is(Anpr__V1__Genesis *g)
{
	(void)g;
}
static void organisation_twice(Anpr__V1__Genesis *g)
{
	g->organisations[1]->id = "mps";
}
static void partner_twice(Anpr__V1__Genesis *g)
{
	g->partners[1]->id = "tfl-ulez";
}
static void partner_of_nobody(Anpr__V1__Genesis *g)
{
	g->partners[1]->organisation = "leeds";
}
static void another_node(Anpr__V1__Genesis *g)
{
	g->node_keys[0]->node = "gw-9";
}
static void another_key(Anpr__V1__Genesis *g)
{
	g->node_keys[0]->public_key.data = world.stranger_public;
}

START_TEST(how_a_journal_begins)
{
	DONE(begin_with(as_it_is, world.node));
	REFUSED(begin_with(as_it_is, world.stranger), "not signed by a key of node gw-1");
	REFUSED(begin_with(another_node, world.node), "not signed by a key of node gw-1");
	REFUSED(begin_with(organisation_twice, world.node), "organisation mps twice");
	REFUSED(begin_with(partner_twice, world.node), "partner tfl-ulez twice");
	REFUSED(begin_with(partner_of_nobody, world.node), "is of leeds");
	Anpr__V1__Lapse l;
	Anpr__V1__JournalEntry body = stop_body(&l);
	struct governance *kept = world.g;
	world.g = governance_new(world.documents);
	REFUSED(append_as("gw-1", world.node, 1, world.now.v, &body), "does not begin with who there is");
	governance_free(world.g);
	world.g = kept;
}
END_TEST

static struct status matches(void (*change)(Anpr__V1__Genesis *))
{
	struct error e = {0};
	Anpr__V1__Genesis *g = world_genesis(&world);
	change(g);
	struct status s = governance_matches(world.g, g, &e);
	char *lines = error_lines(&e);
	snprintf(world.why, sizeof world.why, "%s", lines ? lines : "");
	free(lines);
	error_free(&e);
	return s;
}

static void fewer_organisations(Anpr__V1__Genesis *g)
{
	g->n_organisations = 5;
}
static void one_more_partner(Anpr__V1__Genesis *g)
{
	g->partners[1]->id = "leeds";
}
static void another_owner(Anpr__V1__Genesis *g)
{
	g->partners[0]->organisation = "scc";
}
static void another_root(Anpr__V1__Genesis *g)
{
	g->organisations[0]->trust_root = g->organisations[1]->trust_root;
}
static void another_role(Anpr__V1__Genesis *g)
{
	g->organisations[0]->people[0]->n_roles = 0;
}
static void fewer_people(Anpr__V1__Genesis *g)
{
	g->organisations[0]->n_people = 1;
}
static void another_bound(Anpr__V1__Genesis *g)
{
	g->partners[0]->clock_bound_ms = 5000;
}
static void a_push_subject(Anpr__V1__Genesis *g)
{
	static char *subjects[] = {"CN=push"};
	g->partners[0]->n_push_subjects = 1;
	g->partners[0]->push_subjects = subjects;
}
static void other_publishers(Anpr__V1__Genesis *g)
{
	g->publishers = 4;
}
static void default_bound(Anpr__V1__Genesis *g)
{
	g->partners[0]->clock_bound_ms = 2000;
}

START_TEST(a_configuration_that_differs)
{
	DONE(matches(as_it_is));
	DONE(matches(default_bound));
	REFUSED(matches(another_node), "the key of node gw-9 is node gw-1's in the journal");
	REFUSED(matches(another_key), "the signing key of node gw-1 is not in the journal");
	REFUSED(matches(fewer_organisations), "btp is in the journal only");
	REFUSED(matches(one_more_partner), "leeds is not in the journal");
	REFUSED(matches(another_owner), "is of tfl in the journal");
	REFUSED(matches(another_root), "another trust root");
	REFUSED(matches(another_role), "other roles");
	REFUSED(matches(fewer_people), "omar is in the journal only");
	REFUSED(matches(another_bound), "clock bound");
	REFUSED(matches(a_push_subject), "push subjects");
	REFUSED(matches(other_publishers), "8 publishers");
}
END_TEST

TCase *case_entries(void)
{
	TCase *c = case_with("entries");
	tcase_add_test(c, read_again_it_is_the_same);
	tcase_add_test(c, every_flipped_bit);
	tcase_add_test(c, a_flipped_bit_of_the_beginning);
	tcase_add_loop_test(c, another_order, 0, ROWS(orders));
	tcase_add_test(c, nodes_and_times);
	tcase_add_test(c, how_a_journal_begins);
	tcase_add_test(c, a_configuration_that_differs);
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * From an empty process to publishing, in the order that keeps every promise: the journal to its end; the
 * genesis, where the journal is empty; stops an earlier process could not record, and stop files put there by
 * hand; only then publishers,
 * the group of nodes that says which are this node's, and the enforcer that makes good what was recorded
 * before. On a thread of its own, because the broker may be away for as long as it likes.
 */
#include "gateway/core/core_internal.h"

#include "gateway/base/file.h"

#include <stdlib.h>
#include <sys/prctl.h>

#define CATCH_UP_MS 10000
#define PAUSE_MS    500

/* --- the genesis, from the configuration --- */

static bool fill_people(
	const struct config_organisation *from, Anpr__V1__Organisation *m, struct arena *arena)
{
	m->people = arena_alloc(arena, from->n_people * sizeof *m->people);
	for (size_t i = 0; m->people && i < from->n_people; i++) {
		Anpr__V1__Person *person = arena_alloc(arena, sizeof *person);

		if (!person)
			return false;
		anpr__v1__person__init(person);
		person->subject = from->people[i].subject;
		person->roles = arena_alloc(arena, 8 * sizeof *person->roles);
		for (unsigned role = 1; person->roles && role < 8; role++)
			if (from->people[i].roles & 1u << role)
				person->roles[person->n_roles++] = (Anpr__V1__Role)role;
		m->people[m->n_people++] = person;
	}
	return m->people != NULL;
}

static struct status fill_organisations(
	const struct config *c, Anpr__V1__Genesis *m, struct arena *arena, struct error *e)
{
	m->organisations = arena_alloc(arena, c->n_organisations * sizeof *m->organisations);
	REQUIRE(m->organisations, S_OVERLOAD);
	for (size_t i = 0; i < c->n_organisations; i++) {
		Anpr__V1__Organisation *o = arena_alloc(arena, sizeof *o);
		struct buffer pem = {0};
		struct span copy;
		struct status status = file_read(c->organisations[i].ca, 1u << 20, &pem, e);

		copy = arena_copy(arena, buffer_span(&pem));
		buffer_free(&pem);
		TRY(status);
		REQUIRE(o && copy.p, S_OVERLOAD);
		anpr__v1__organisation__init(o);
		o->id = c->organisations[i].id;
		o->trust_root.data = (uint8_t *)copy.p;
		o->trust_root.len = copy.n;
		REQUIRE(fill_people(&c->organisations[i], o, arena), S_OVERLOAD);
		m->organisations[m->n_organisations++] = o;
	}
	return S_OK;
}

static struct status fill_partners(const struct config *c, Anpr__V1__Genesis *m, struct arena *arena)
{
	m->partners = arena_alloc(arena, c->n_partners * sizeof *m->partners);
	REQUIRE(m->partners, S_OVERLOAD);
	for (size_t i = 0; i < c->n_partners; i++) {
		Anpr__V1__Partner *p = arena_alloc(arena, sizeof *p);

		REQUIRE(p, S_OVERLOAD);
		anpr__v1__partner__init(p);
		p->id = c->partners[i].id;
		p->organisation = c->partners[i].organisation;
		p->push_subjects = c->partners[i].subjects;
		p->n_push_subjects = c->partners[i].n_subjects;
		p->clock_bound_ms = 2000;
		m->partners[m->n_partners++] = p;
	}
	return S_OK;
}

static struct status genesis_make(
	struct core *core, Anpr__V1__Genesis **out, struct arena *arena, struct error *e)
{
	Anpr__V1__Genesis *m = arena_alloc(arena, sizeof *m);
	Anpr__V1__NodeKey *key = arena_alloc(arena, sizeof *key);
	uint8_t *public_key = arena_alloc(arena, 32);

	REQUIRE(m && key && public_key, S_OVERLOAD);
	anpr__v1__genesis__init(m);
	anpr__v1__node_key__init(key);
	m->gateway = core->config->gateway_id;
	m->publishers = core->config->publishers;
	node_key_public(core->key, public_key);
	key->node = core->config->gateway_id;
	key->public_key.data = public_key;
	key->public_key.len = 32;
	m->node_keys = arena_alloc(arena, sizeof *m->node_keys);
	REQUIRE(m->node_keys, S_OVERLOAD);
	m->node_keys[m->n_node_keys++] = key;
	TRY(fill_organisations(core->config, m, arena, e));
	TRY(fill_partners(core->config, m, arena));
	*out = m;
	return S_OK;
}

static struct status prepare_genesis(void *context, const struct governance *g, struct utc_ms now,
	Anpr__V1__JournalEntry *body, struct error *e)
{
	(void)now;
	(void)e;
	if (governance_sequence(g) != 0)
		return S_WAIT; /* another node was first; it is compared next */
	body->body_case = ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS;
	body->genesis = context;
	return S_OK;
}

struct comparison {
	const Anpr__V1__Genesis *genesis;
	struct status status;
	struct error *e;
};

static void compare(void *context, const struct governance *g)
{
	struct comparison *c = context;

	c->status = governance_sequence(g) == 0 ? S_WAIT : governance_matches(g, c->genesis, c->e);
}

/* WAIT: the journal is empty and the entry could not be appended yet. */
static struct status begin_journal(struct core *core, Anpr__V1__Genesis *genesis, struct error *e)
{
	struct comparison c = {.genesis = genesis, .e = e};
	struct journal_append append = {
		.prepare = prepare_genesis, .context = genesis, .timeout_ms = CATCH_UP_MS};
	struct status status;

	TRY(journal_catch_up(core->journal, CATCH_UP_MS, e));
	journal_look(core->journal, compare, &c);
	if (c.status.kind != STATUS_WAIT)
		return c.status;
	status = journal_append(core->journal, &append, e);
	if (ok(status))
		log_info("journal begun", "gateway=%s", core->config->gateway_id);
	return ok(status) || status.kind == STATUS_WAIT ? S_RETRY : status; /* compare it next time round */
}

/* --- in order --- */

/* Again and again until it is OK; false = it never will be, or it is time to stop. */
static bool persist(struct core *core,
	struct status (*attempt)(struct core *core, Anpr__V1__Genesis *g, struct error *e),
	Anpr__V1__Genesis *genesis)
{
	while (!atomic_load(&core->stopping)) {
		struct error e = {0};
		struct status status = attempt(core, genesis, &e);
		bool hopeless = status.kind == STATUS_REFUSED || status.kind == STATUS_BAD_INPUT;

		if (hopeless)
			log_error("cannot start", "detail=%s", LOG_QUOTE(error_text(&e)));
		error_free(&e);
		if (ok(status))
			return true;
		if (hopeless) {
			atomic_store(&core->failed, true);
			core_changed(core);
			return false;
		}
		clock_sleep_ms(PAUSE_MS);
	}
	return false;
}

static struct status send_stops(struct core *core, Anpr__V1__Genesis *genesis, struct error *e)
{
	(void)genesis;
	(void)e;
	return ok(stops_send(core)) ? S_OK : S_RETRY;
}

static struct status record_stop_files(struct core *core, Anpr__V1__Genesis *genesis, struct error *e)
{
	(void)genesis;
	(void)e;
	return ok(stop_files_record(core)) ? S_OK : S_RETRY;
}

static void count_publishers(void *context, const struct governance *g)
{
	*(uint32_t *)context = governance_publishers(g);
}

static struct status start_publishers(struct core *core, Anpr__V1__Genesis *genesis, struct error *e)
{
	struct publisher **publishers;
	struct publisher_options options = {
		.kafka = &core->kafka,
		.ledger = core->config->topics.ledger,
		.heads = core->config->topics.heads,
		.accounts = core->config->topics.accounts,
		.node = core->config->gateway_id,
		.gateway = core->config->gateway_id,
		.key = core->key,
		.journal = core->journal,
		.holds = &core->holds,
		.batch_ms = core->config->batch_ms,
		.window_ms = (int64_t)core->config->duplicate_window_s * 1000,
		.fenced = core_changed,
		.context = core,
		.ask = nodes_ask,
		.nodes = core->nodes,
	};

	(void)genesis;
	journal_look(core->journal, count_publishers, &options.count);
	publishers = calloc(options.count, sizeof(struct publisher *));
	REQUIRE(publishers, S_OVERLOAD);
	for (options.index = 0; options.index < options.count; options.index++)
		if (!ok(publisher_start(&options, &publishers[options.index], e)))
			return S_REFUSED;
	pthread_mutex_lock(&core->lock);
	core->publishers = publishers;
	core->n_publishers = options.count;
	pthread_mutex_unlock(&core->lock);
	return nodes_begin(core->nodes, publishers, options.count);
}

static void hand_out_attachments(struct core *core)
{
	struct attachment_list *list;

	pthread_mutex_lock(&core->lock);
	list = core->attachments;
	core->attachments = NULL;
	pthread_mutex_unlock(&core->lock);
	while (list) {
		struct attachment_list *next = list->next;

		core_attach(core, list->partner, list->fd);
		free(list->partner);
		free(list);
		list = next;
	}
}

/* This thread becomes the enforcer; another records the stop files to come. */
static void enforce(struct core *core)
{
	pthread_t stop_files;
	bool started = pthread_create(&stop_files, NULL, stop_files_run, core) == 0;

	if (!started) {
		log_error("cannot start", "detail=%s", LOG_QUOTE("no thread could be had for stop files"));
		atomic_store(&core->failed, true);
		core_changed(core);
		return;
	}
	enforcer_run(core);
	pthread_join(stop_files, NULL);
}

void *start_run(void *context)
{
	struct core *core = context;
	struct arena arena = {0};
	struct error e = {0};
	Anpr__V1__Genesis *genesis = NULL;

	prctl(PR_SET_NAME, "starter");
	if (!ok(genesis_make(core, &genesis, &arena, &e))) {
		log_error("cannot start", "detail=%s", LOG_QUOTE(error_text(&e)));
		atomic_store(&core->failed, true);
		core_changed(core);
	} else if (persist(core, begin_journal, genesis) && persist(core, send_stops, NULL) &&
		   persist(core, record_stop_files, NULL) && persist(core, start_publishers, NULL)) {
		hand_out_attachments(core);
		log_info("publishing may begin", "publishers=%u", core->n_publishers);
		enforce(core);
	}
	error_free(&e);
	arena_free(&arena);
	return NULL;
}

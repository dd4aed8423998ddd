/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at the cluster, on a thread of its own, because a broker may take its time. What is wanted is
 * gateway/kafka's to say. A cluster that does not answer changes nothing: without it nothing is published
 * anyway, and it may come back as it was.
 */
#include "gateway/core/surroundings.h"

#include "gateway/core/core_internal.h"
#include "gateway/governance/rights.h"
#include "gateway/kafka/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define LOOK_EVERY_MS  30000
#define LOOK_SOON_MS   3000 /* where nothing is published until it is well, or nobody answered */
#define LOOK_MS        10000
#define NAP_MS         200
#define NOT_LOOKED_YET "the cluster's settings have not been looked at yet"

struct surroundings {
	pthread_t thread;
	pthread_mutex_t lock; /* guards the rest */
	bool holding;
	int64_t looked_ms;  /* UTC; 0 = never */
	char why[512];      /* nothing is published; "" = it may be */
	struct buffer told; /* rights, as cluster_print_rights has them: the newest that were told */
	int64_t told_ms;    /* UTC; 0 = never */
	char untold[512];   /* why they are not known now; "" = they are */
};

/* A single broker is allowed, and status says so. */
static struct status ask(
	const struct core *core, struct cluster_spec **spec, struct cluster_view **view, struct error *e)
{
	const struct config *c = core->config;
	char principal[CLUSTER_PRINCIPAL_MAX];
	struct cluster_wanted wanted = {.journal = c->topics.journal,
		.ledger = c->topics.ledger,
		.heads = c->topics.heads,
		.accounts = c->topics.accounts,
		.documents = c->topics.documents,
		.publishers = (int32_t)c->publishers,
		.gateway = principal,
		.super_users = (const char *const *)c->super_users,
		.n_super_users = c->n_super_users};

	TRY(cluster_principal(buffer_span(&core->cert_pem), principal, e));
	return cluster_look(&core->kafka, &wanted, LOOK_MS, spec, view, e);
}

static struct status look(
	const struct core *core, struct cluster_findings *findings, struct buffer *rights, struct error *e)
{
	struct cluster_spec *spec = NULL;
	struct cluster_view *view = NULL;
	struct status status = ask(core, &spec, &view, e);

	if (ok(status))
		status = cluster_compare(spec, view, findings);
	if (ok(status))
		status = cluster_print_rights(view, rights);
	cluster_view_free(view);
	cluster_spec_free(spec);
	return status;
}

/* Hold first and say why afterwards; release last. */
static void conclude(struct core *core, const struct cluster_finding *breaks)
{
	struct surroundings *s = core->surroundings;
	bool held = s->holding, hold = breaks != NULL;

	if (hold && !held)
		core_hold(core, NULL, 1);
	pthread_mutex_lock(&s->lock);
	s->holding = hold;
	s->looked_ms = clock_now().v;
	s->why[0] = 0;
	if (breaks)
		snprintf(s->why, sizeof s->why, "%s: %s is %s, wanted is %s: %s", breaks->where, breaks->what,
			breaks->found, breaks->wanted, breaks->remedy);
	pthread_mutex_unlock(&s->lock);
	if (hold && !held)
		log_error("publishing stopped", "detail=%s", LOG_QUOTE(s->why));
	if (!hold && held) {
		core_hold(core, NULL, -1);
		log_info("cluster as wanted", "%s", "");
	}
}

/* What was told earlier stays, with its time, while nothing newer is known. */
static void rights_take(struct surroundings *s, struct buffer *told, const char *trouble)
{
	json_t *said = told->n > 0 ? json_loadb((const char *)told->p, told->n, 0, NULL) : NULL;
	const char *unknown = said ? rights_unknown(said) : trouble;

	pthread_mutex_lock(&s->lock);
	snprintf(s->untold, sizeof s->untold, "%s", unknown ? unknown : "");
	if (!unknown) {
		buffer_free(&s->told);
		s->told = *told;
		*told = (struct buffer){0};
		s->told_ms = clock_now().v;
	}
	pthread_mutex_unlock(&s->lock);
	json_decref(said);
}

/* How long it may take until the next look. */
static int look_once(struct core *core)
{
	struct surroundings *s = core->surroundings;
	struct cluster_findings findings = {0};
	struct buffer rights = {0};
	struct error e = {0};
	struct status status = look(core, &findings, &rights, &e);
	bool first = s->looked_ms == 0;

	rights_take(
		s, &rights, ok(status) ? "the brokers' answer about rights makes no sense" : error_text(&e));
	if (ok(status))
		conclude(core, cluster_breaks(&findings, ""));
	else if (status.kind == STATUS_RETRY)
		log_debug("cluster not looked at", "detail=%s", LOG_QUOTE(error_text(&e)));
	else
		log_error("cluster not looked at", "detail=%s", LOG_QUOTE(error_text(&e)));
	if (ok(status) && first && s->holding)
		log_error("nothing is published yet", "detail=%s", LOG_QUOTE(s->why));
	cluster_findings_free(&findings);
	buffer_free(&rights);
	error_free(&e);
	return ok(status) && !s->holding ? LOOK_EVERY_MS : LOOK_SOON_MS;
}

static void *run(void *context)
{
	struct core *core = context;

	prctl(PR_SET_NAME, "surroundings");
	while (!atomic_load(&core->stopping)) {
		int64_t next = look_once(core) + clock_monotonic_ms();

		while (!atomic_load(&core->stopping) && clock_monotonic_ms() < next)
			clock_sleep_ms(NAP_MS);
	}
	return NULL;
}

struct status surroundings_open(struct core *core, struct error *e)
{
	struct surroundings *s = calloc(1, sizeof *s);

	REQUIRE(s, S_OVERLOAD);
	core->surroundings = s;
	pthread_mutex_init(&s->lock, NULL);
	s->holding = true;
	snprintf(s->why, sizeof s->why, NOT_LOOKED_YET);
	snprintf(s->untold, sizeof s->untold, "the brokers have not been asked yet");
	core_hold(core, NULL, 1);
	if (pthread_create(&s->thread, NULL, run, core) != 0)
		return error_set(e, "cannot start a thread: %s", strerror(errno));
	return S_OK;
}

void surroundings_close(struct core *core)
{
	pthread_join(core->surroundings->thread, NULL);
	pthread_mutex_destroy(&core->surroundings->lock);
	buffer_free(&core->surroundings->told);
	free(core->surroundings);
}

json_t *surroundings_view(struct core *core, json_t *problems)
{
	struct surroundings *s = core->surroundings;
	json_t *view;

	pthread_mutex_lock(&s->lock);
	if (s->why[0])
		json_array_append_new(problems, json_sprintf("nothing is published: %s", s->why));
	view = json_pack("{s:b,s:s?,s:s?}", "well", !s->why[0], "looked_at",
		s->looked_ms ? CLOCK_TEXT((struct utc_ms){s->looked_ms}) : NULL, "why",
		s->why[0] ? s->why : NULL);
	pthread_mutex_unlock(&s->lock);
	return view;
}

struct asked {
	struct surroundings *of;
	char *topics;
};

static void look_readers(void *context, const struct governance *g)
{
	struct asked *a = context;

	pthread_mutex_lock(&a->of->lock);
	a->topics = governance_view_readers(g, buffer_text(&a->of->told), clock_now());
	pthread_mutex_unlock(&a->of->lock);
}

char *readers_view(struct core *core)
{
	const struct config *c = core->config;
	struct surroundings *s = core->surroundings;
	struct asked asked = {.of = s};
	json_t *view, *super_users = json_array();
	char *text;

	for (size_t i = 0; i < c->n_super_users; i++)
		json_array_append_new(super_users, json_string(c->super_users[i]));
	journal_look(core->journal, look_readers, &asked);
	pthread_mutex_lock(&s->lock);
	view = json_pack("{s:b,s:s?,s:s?,s:o,s:o?}", "known", !s->untold[0], "why",
		s->untold[0] ? s->untold : NULL, "looked_at",
		s->told_ms ? CLOCK_TEXT((struct utc_ms){s->told_ms}) : NULL, "super_users", super_users,
		"topics", asked.topics ? json_loads(asked.topics, 0, NULL) : NULL);
	pthread_mutex_unlock(&s->lock);
	text = view ? json_dumps(view, JSON_COMPACT) : NULL;
	json_decref(view);
	free(asked.topics);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl cluster: the Kafka cluster as configuration and agreements want it. What that is, is
 * gateway/kafka's; here it is put together from files.
 */
#include "gateway/kafka/cluster.h"

#include "gateway/base/file.h"
#include "gateway/config/config.h"
#include "gateway/ctl/access.h"
#include "gateway/ctl/ctl.h"
#include "gateway/ctl/document.h"
#include "gateway/ctl/screen.h"

#include <stdio.h>
#include <stdlib.h>

#define PEM_MAX    (1u << 20)
#define CLUSTER_MS 30000

struct names {
	const char **items;
	size_t n;
};

struct job {
	const struct options *o;
	struct config *config;
	struct document *agreements;
	size_t n_agreements;
	struct cluster_recipient *recipients;
	struct names *principals, *verifiers; /* of each recipient */
	size_t n_recipients;
	char gateway[CLUSTER_PRINCIPAL_MAX]; /* principal */
	struct access access;
	struct cluster_spec *spec;
};

/* --- from files --- */

static enum exit_code config_read(struct job *j)
{
	struct error e = {0};

	if (!j->o->config)
		return fail(j->o, USAGE, "which gateway configuration? --config gateway.yaml");
	if (!ok(config_load(j->o->config, &j->config, &e)))
		return fail_with(j->o, REFUSED, &e);
	return DONE;
}

static enum exit_code gateway_name(struct job *j)
{
	struct buffer pem = {0};
	bool named = j->config && ok(file_read(j->config->kafka.cert, PEM_MAX, &pem, NULL)) &&
		     ok(cluster_principal(buffer_span(&pem), j->gateway, NULL));

	buffer_free(&pem);
	return named ? DONE : fail(j->o, REFUSED, "%s: kafka.cert has no subject", j->o->config);
}

static bool names_add(struct names *to, char *const *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool there = false;
		for (size_t k = 0; k < to->n; k++)
			there = there || strcmp(to->items[k], items[i]) == 0;
		const char **grown = there ? to->items : reallocarray(to->items, to->n + 1, sizeof *grown);
		if (!grown)
			return false;
		to->items = grown;
		if (!there)
			to->items[to->n++] = items[i];
	}
	return true;
}

/* Agreements that share a topic: readers of any may read it, and it keeps no longer than the shortest says.
 */
static bool recipient_add(struct job *j, const struct agreement *a)
{
	size_t i = 0;

	while (i < j->n_recipients && !span_is(span_text(j->recipients[i].topic), a->topic))
		i++;
	struct cluster_recipient *r = &j->recipients[i];
	if (i == j->n_recipients) {
		*r = (struct cluster_recipient){.topic = a->topic,
			.partitions = (int32_t)j->config->reads_partitions,
			.keep_for_ms = a->keep_for_ms};
		j->n_recipients++;
	}
	if (a->keep_for_ms > 0 && (r->keep_for_ms == 0 || a->keep_for_ms < r->keep_for_ms))
		r->keep_for_ms = a->keep_for_ms;
	if (!names_add(&j->principals[i], a->principals, a->n_principals) ||
		!names_add(&j->verifiers[i], a->verifiers, a->n_verifiers))
		return false;
	r->principals = j->principals[i].items;
	r->n_principals = j->principals[i].n;
	r->verifiers = j->verifiers[i].items;
	r->n_verifiers = j->verifiers[i].n;
	return true;
}

static enum exit_code agreements_read(struct job *j)
{
	size_t n = j->o->agreements.n;

	j->agreements = calloc(n + 1, sizeof *j->agreements);
	j->recipients = calloc(n + 1, sizeof *j->recipients);
	j->principals = calloc(n + 1, sizeof *j->principals);
	j->verifiers = calloc(n + 1, sizeof *j->verifiers);
	if (!j->agreements || !j->recipients || !j->principals || !j->verifiers)
		return fail(j->o, REFUSED, "out of memory");
	for (size_t i = 0; i < n; i++) {
		enum exit_code code =
			document_read(j->o, j->o->agreements.items[i], &j->agreements[j->n_agreements++]);
		if (code != DONE)
			return code;
		if (!j->agreements[i].agreement)
			return fail(j->o, USAGE, "%s is no agreement", j->o->agreements.items[i]);
		if (!recipient_add(j, j->agreements[i].agreement))
			return fail(j->o, REFUSED, "out of memory");
	}
	return DONE;
}

/* An administrator's own key; else the gateway's, which may look but not change. */
static enum exit_code kafka_read(struct job *j)
{
	const struct options *o = j->o;
	const struct access_files files = {.brokers = o->kafka ? o->kafka : j->config->brokers,
		.ca = o->kafka_ca ? o->kafka_ca : j->config->kafka.ca,
		.cert = o->kafka_cert ? o->kafka_cert : j->config->kafka.cert,
		.key = o->kafka_key ? o->kafka_key : j->config->kafka.key};

	if (!o->kafka_cert != !o->kafka_key)
		return fail(o, USAGE, "--kafka-cert and --kafka-key go together");
	return access_read_files(o, &files, "anprctl-cluster", &j->access);
}

static enum exit_code spec_make(struct job *j, bool single_broker)
{
	const struct config *c = j->config;
	struct cluster_wanted wanted = {.journal = c->topics.journal,
		.ledger = c->topics.ledger,
		.heads = c->topics.heads,
		.accounts = c->topics.accounts,
		.documents = c->topics.documents,
		.publishers = (int32_t)c->publishers,
		.gateway = j->gateway,
		.super_users = (const char *const *)c->super_users,
		.n_super_users = c->n_super_users,
		.recipients = j->recipients,
		.n_recipients = j->n_recipients,
		.single_broker = single_broker};
	struct error e = {0};

	cluster_spec_free(j->spec);
	j->spec = NULL;
	if (!ok(cluster_spec_new(&wanted, &j->spec, &e)))
		return fail_with(j->o, REFUSED, &e);
	return DONE;
}

static enum exit_code failed(const struct job *j, struct status status, struct error *e)
{
	return fail_with(j->o, status.kind == STATUS_RETRY ? UNREACHABLE : REFUSED, e);
}

/* One broker can keep one copy only: that is allowed, and said. */
static enum exit_code spec_fit(struct job *j, struct cluster_view **view)
{
	struct error e = {0};
	enum exit_code code = spec_make(j, false);
	struct status status;

	if (code != DONE)
		return code;
	status = cluster_show(&j->access.config, j->spec, CLUSTER_MS, view, &e);
	if (!ok(status))
		return failed(j, status, &e);
	if (cluster_view_brokers(*view) > 1)
		return DONE;
	fprintf(stderr, "anprctl: a single broker: one copy of everything, for trials only\n");
	return spec_make(j, true);
}

static void print(struct buffer *text)
{
	fputs(buffer_text(text), stdout);
	if (text->n > 0 && text->p[text->n - 1] != '\n')
		putchar('\n');
	buffer_free(text);
}

/* --- the three --- */

static enum exit_code show(struct job *j, struct cluster_view *view)
{
	struct buffer text = {0};

	if (!ok(j->o->print ? cluster_print_spec(j->spec, j->o->json, &text)
			    : cluster_print_view(view, j->o->json, &text)))
		return fail(j->o, REFUSED, "out of memory");
	print(&text);
	return DONE;
}

static enum exit_code check(struct job *j, struct cluster_view *view)
{
	struct cluster_findings findings = {0};
	struct buffer text = {0};
	enum exit_code code = DONE;

	if (!ok(cluster_compare(j->spec, view, &findings)) ||
		!ok(cluster_print_findings(&findings, j->o->json, &text)))
		return fail(j->o, REFUSED, "out of memory");
	print(&text);
	for (size_t i = 0; i < findings.n; i++)
		if (findings.items[i].severity == CLUSTER_BREAKS)
			code = REFUSED;
	cluster_findings_free(&findings);
	return code;
}

static enum exit_code apply(struct job *j, struct cluster_view *view)
{
	struct cluster_steps steps = {0};
	struct buffer text = {0};
	struct error e = {0};
	struct status status = cluster_apply(&j->access.config, j->spec, j->o->print, CLUSTER_MS, &steps, &e);
	enum exit_code code = DONE;

	(void)view;
	if (ok(status) || steps.n > 0) {
		if (ok(cluster_print_steps(&steps, j->o->json, &text)))
			print(&text);
	}
	if (!ok(status))
		code = e.n ? failed(j, status, &e) : fail(j->o, REFUSED, "some steps failed");
	cluster_steps_free(&steps);
	error_free(&e);
	return code;
}

static const struct {
	const char *word;
	enum exit_code (*run)(struct job *j, struct cluster_view *view);
} actions[] = {{"show", show}, {"check", check}, {"apply", apply}};

static enum exit_code prepare(struct job *j, struct cluster_view **view)
{
	enum exit_code (*const steps[])(struct job *) = {
		config_read, gateway_name, agreements_read, kafka_read};
	enum exit_code code = DONE;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == DONE; i++)
		code = steps[i](j);
	return code == DONE ? spec_fit(j, view) : code;
}

static void job_free(struct job *j)
{
	for (size_t i = 0; i < j->n_recipients; i++) {
		free(j->principals[i].items);
		free(j->verifiers[i].items);
	}
	for (size_t i = 0; i < j->n_agreements; i++)
		document_free(&j->agreements[i]);
	free(j->agreements);
	free(j->recipients);
	free(j->principals);
	free(j->verifiers);
	cluster_spec_free(j->spec);
	config_free(j->config);
	access_free(&j->access);
}

static enum exit_code cluster(struct options *o)
{
	struct job j = {.o = o};
	struct cluster_view *view = NULL;
	enum exit_code code = USAGE;
	size_t i = 0, n = sizeof actions / sizeof actions[0];

	while (i < n && strcmp(actions[i].word, o->arguments[0]) != 0)
		i++;
	if (i == n)
		return fail(o, USAGE, "there is no 'cluster %s'; there are show, check and apply",
			o->arguments[0]);
	code = prepare(&j, &view);
	if (code == DONE)
		code = actions[i].run(&j, view);
	cluster_view_free(view);
	job_free(&j);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "config", "FILE", "the gateway's configuration (needed)", config),
	OPTION(OPTION_TEXTS, "agreement", "FILE", "an agreement, for its topic and readers; again for more",
		agreements),
	OPTION(OPTION_FLAG, "print", NULL, "apply: say what would be done; show: what is wanted", print),
	{0},
};

const struct verb verb_cluster = {
	.name = "cluster",
	.words = "apply show check",
	.arguments = "apply|show|check --config FILE [--agreement FILE]... [--print]",
	.summary = "topics, rights and settings of the Kafka cluster",
	.help = "apply   creates missing topics and rights and corrects topics' settings; takes nothing "
		"away\n"
		"check   compares the cluster with what the guarantees need; exit status 1 if one does not "
		"hold\n"
		"show    what the cluster has; with --print what it should have\n"
		"\n"
		"  anprctl cluster apply --print --config gateway.yaml --agreement tfl-mps.yaml\n"
		"  anprctl cluster apply --config gateway.yaml --agreement tfl-mps.yaml --agreement "
		"nh-mps.yaml \\\n"
		"          --kafka-cert admin.pem --kafka-key admin.key\n"
		"  anprctl cluster check --config gateway.yaml --agreement tfl-mps.yaml\n"
		"\n"
		"apply needs the certificate of a Kafka administrator; show and check do with the gateway's "
		"own, which is\n"
		"taken from the configuration where no other is given. It can be repeated: what is as wanted "
		"stays.\n",
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {kafka_options},
	.run = cluster,
};

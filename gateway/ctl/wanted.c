/* SPDX-License-Identifier: Apache-2.0
 *
 * See wanted.h.
 */
#include "gateway/ctl/wanted.h"

#include "gateway/base/file.h"
#include "gateway/ctl/screen.h"

#include <stdio.h>
#include <stdlib.h>

#define PEM_MAX (1u << 20)

struct names {
	const char **items;
	size_t n;
};

/* --- from files --- */

static enum exit_code config_read(struct wanted *w)
{
	struct error e = {0};

	if (!w->o->config)
		return fail(w->o, USAGE, "which gateway configuration? --config gateway.yaml");
	if (!ok(config_load(w->o->config, &w->config, &e)))
		return fail_with(w->o, REFUSED, &e);
	return DONE;
}

static enum exit_code gateway_name(struct wanted *w)
{
	struct buffer pem = {0};
	bool named = w->config && ok(file_read(w->config->kafka.cert, PEM_MAX, &pem, NULL)) &&
		     ok(cluster_principal(buffer_span(&pem), w->gateway, NULL));

	buffer_free(&pem);
	return named ? DONE : fail(w->o, REFUSED, "%s: kafka.cert has no subject", w->o->config);
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
static bool recipient_add(struct wanted *w, const struct agreement *a)
{
	size_t i = 0;

	while (i < w->n_recipients && !span_is(span_text(w->recipients[i].topic), a->topic))
		i++;
	struct cluster_recipient *r = &w->recipients[i];
	if (i == w->n_recipients) {
		*r = (struct cluster_recipient){.topic = a->topic,
			.partitions = (int32_t)w->config->reads_partitions,
			.keep_for_ms = a->keep_for_ms};
		w->n_recipients++;
	}
	if (a->keep_for_ms > 0 && (r->keep_for_ms == 0 || a->keep_for_ms < r->keep_for_ms))
		r->keep_for_ms = a->keep_for_ms;
	if (!names_add(&w->principals[i], a->principals, a->n_principals) ||
		!names_add(&w->verifiers[i], a->verifiers, a->n_verifiers))
		return false;
	r->principals = w->principals[i].items;
	r->n_principals = w->principals[i].n;
	r->verifiers = w->verifiers[i].items;
	r->n_verifiers = w->verifiers[i].n;
	return true;
}

static enum exit_code agreements_read(struct wanted *w)
{
	size_t n = w->o->agreements.n;

	w->agreements = calloc(n + 1, sizeof *w->agreements);
	w->recipients = calloc(n + 1, sizeof *w->recipients);
	w->principals = calloc(n + 1, sizeof *w->principals);
	w->verifiers = calloc(n + 1, sizeof *w->verifiers);
	if (!w->agreements || !w->recipients || !w->principals || !w->verifiers)
		return fail(w->o, REFUSED, "out of memory");
	for (size_t i = 0; i < n; i++) {
		enum exit_code code =
			document_read(w->o, w->o->agreements.items[i], &w->agreements[w->n_agreements++]);
		if (code != DONE)
			return code;
		if (!w->agreements[i].agreement)
			return fail(w->o, USAGE, "%s is no agreement", w->o->agreements.items[i]);
		if (!recipient_add(w, w->agreements[i].agreement))
			return fail(w->o, REFUSED, "out of memory");
	}
	return DONE;
}

/* An administrator's own key; else the gateway's, which may look but not change. */
static enum exit_code kafka_read(struct wanted *w)
{
	const struct options *o = w->o;
	const struct access_files files = {.brokers = o->kafka ? o->kafka : w->config->brokers,
		.ca = o->kafka_ca ? o->kafka_ca : w->config->kafka.ca,
		.cert = o->kafka_cert ? o->kafka_cert : w->config->kafka.cert,
		.key = o->kafka_key ? o->kafka_key : w->config->kafka.key};

	if (!o->kafka_cert != !o->kafka_key)
		return fail(o, USAGE, "--kafka-cert and --kafka-key go together");
	return access_read_files(o, &files, "anprctl-cluster", &w->access);
}

enum exit_code wanted_failed(const struct wanted *w, struct status status, struct error *e)
{
	return fail_with(w->o, status.kind == STATUS_RETRY ? UNREACHABLE : REFUSED, e);
}

struct status wanted_look(struct wanted *w, int timeout_ms, struct error *e)
{
	const struct config *c = w->config;
	struct cluster_wanted wanted = {.journal = c->topics.journal,
		.ledger = c->topics.ledger,
		.heads = c->topics.heads,
		.accounts = c->topics.accounts,
		.documents = c->topics.documents,
		.publishers = (int32_t)c->publishers,
		.gateway = w->gateway,
		.super_users = (const char *const *)c->super_users,
		.n_super_users = c->n_super_users,
		.recipients = w->recipients,
		.n_recipients = w->n_recipients};

	TRY(cluster_look(&w->access.config, &wanted, timeout_ms, &w->spec, &w->view, e));
	if (cluster_view_brokers(w->view) == 1)
		fprintf(stderr, "anprctl: a single broker: one copy of everything, for trials only\n");
	return S_OK;
}

enum exit_code wanted_read(struct wanted *w, const struct options *o)
{
	enum exit_code (*const steps[])(struct wanted *) = {
		config_read, gateway_name, agreements_read, kafka_read};
	enum exit_code code = DONE;

	w->o = o;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == DONE; i++)
		code = steps[i](w);
	return code;
}

void wanted_free(struct wanted *w)
{
	for (size_t i = 0; i < w->n_recipients; i++) {
		free(w->principals[i].items);
		free(w->verifiers[i].items);
	}
	for (size_t i = 0; i < w->n_agreements; i++)
		document_free(&w->agreements[i]);
	free(w->agreements);
	free(w->recipients);
	free(w->principals);
	free(w->verifiers);
	cluster_view_free(w->view);
	cluster_spec_free(w->spec);
	config_free(w->config);
	access_free(&w->access);
}

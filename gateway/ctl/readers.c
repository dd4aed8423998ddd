/* SPDX-License-Identifier: Apache-2.0
 *
 * See readers.h.
 */
#include "gateway/ctl/readers.h"

#include "gateway/base/memory.h"
#include "gateway/kafka/cluster.h"

#include <stdlib.h>
#include <string.h>

#define ASK_MS 10000

struct recipients {
	struct cluster_recipient *items;
	size_t n;
};

static void recipient_add(void *context, const struct agreement *terms)
{
	struct recipients *r = context;

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->items[i].topic, terms->topic) == 0)
			return;
	GROW(r->items, r->n);
	r->items[r->n++] = (struct cluster_recipient){.topic = terms->topic, .partitions = 1};
}

static struct status view_take(
	const struct access *access, const struct cluster_wanted *wanted, struct buffer *out, struct error *e)
{
	struct cluster_spec *spec = NULL;
	struct cluster_view *view = NULL;
	struct status status = cluster_spec_new(wanted, &spec, e);

	if (ok(status))
		status = cluster_show(&access->config, spec, ASK_MS, &view, e);
	if (ok(status))
		status = cluster_print_view(view, true, out);
	cluster_view_free(view);
	cluster_spec_free(spec);
	return status;
}

void readers_ask(
	struct report *r, const struct access *access, const struct verify_topics *topics, const char *heads)
{
	char asker[CLUSTER_PRINCIPAL_MAX];
	struct recipients recipients = {0};
	struct buffer view = {0};
	struct error e = {0};
	struct status status;

	if (!access) {
		report_brokers(r, NULL, "this was made of an evidence bundle, which has no rights in it");
		return;
	}
	report_agreements(r, recipient_add, &recipients);
	status = cluster_principal(buffer_span(&access->cert), asker, &e);
	if (ok(status))
		status = view_take(access,
			&(struct cluster_wanted){.journal = topics->journal,
				.ledger = topics->ledger,
				.heads = heads,
				.accounts = topics->accounts,
				.documents = topics->documents,
				.publishers = 1,
				.gateway = asker,
				.recipients = recipients.items,
				.n_recipients = recipients.n,
				.single_broker = true},
			&view, &e);
	report_brokers(r, ok(status) ? buffer_text(&view) : NULL, ok(status) ? NULL : error_text(&e));
	buffer_free(&view);
	error_free(&e);
	free(recipients.items);
}

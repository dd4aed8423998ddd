/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases about the cluster itself: what is wanted is put into effect, seen to be so, and enough for the
 * gateway and no more for everybody else.
 */
#include "tests/system/kafka_probe.h"

#include "gateway/kafka/cluster.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const police[] = {"User:CN=police,O=mps"};
static const char *const verifiers[] = {"User:CN=verifier,O=ico"};
static const char *const super_users[] = {"User:CN=broker"};
static const struct cluster_recipient recipients[] = {{.topic = READS,
	.partitions = 12,
	.keep_for_ms = 365 * 86400000LL,
	.principals = police,
	.n_principals = 1,
	.verifiers = verifiers,
	.n_verifiers = 1}};

static struct cluster_spec *make_spec(struct probe *p)
{
	struct cluster_wanted wanted = {.journal = JOURNAL,
		.ledger = LEDGER,
		.heads = "anpr.heads",
		.accounts = "anpr.accounts",
		.documents = "anpr.documents",
		.publishers = 8,
		.gateway = "User:CN=gateway",
		.super_users = super_users,
		.n_super_users = 1,
		.recipients = recipients,
		.n_recipients = 1,
		.single_broker = !strchr(p->kafka.brokers, ',')};
	struct cluster_spec *spec = NULL;

	probe_check(p, ok(cluster_spec_new(&wanted, &spec, &p->e)), "spec");
	return spec;
}

static void print(struct status status, struct buffer *text)
{
	if (ok(status) && getenv("PROBE_DEBUG"))
		printf("%s", buffer_text(text));
	buffer_free(text);
}

static size_t apply(struct probe *p, const struct cluster_spec *spec, bool only_say)
{
	struct cluster_steps steps = {0};
	struct buffer text = {0};
	double begun = probe_now_ms();
	size_t n;

	probe_check(p, ok(cluster_apply(&p->admin, spec, only_say, 15000, &steps, &p->e)), "applied");
	probe_note("%zu steps %s in %.0f ms", steps.n, only_say ? "said" : "done", probe_now_ms() - begun);
	print(cluster_print_steps(&steps, false, &text), &text);
	n = steps.n;
	cluster_steps_free(&steps);
	return n;
}

static size_t check(struct probe *p, const struct kafka_config *as, const struct cluster_spec *spec,
	enum cluster_severity worst, const char *who)
{
	struct cluster_findings findings = {0};
	struct buffer text = {0};
	double begun = probe_now_ms();
	size_t n = 0;

	probe_check(p, ok(cluster_check(as, spec, 10000, &findings, &p->e)), "checked");
	for (size_t i = 0; i < findings.n; i++)
		n += findings.items[i].severity <= worst;
	probe_note("checked as %s in %.0f ms: %zu findings, %zu of them bad", who, probe_now_ms() - begun,
		findings.n, n);
	print(cluster_print_findings(&findings, false, &text), &text);
	cluster_findings_free(&findings);
	return n;
}

void case_cluster(struct probe *p)
{
	struct cluster_spec *spec = make_spec(p);
	struct cluster_view *view = NULL;
	struct buffer text = {0};

	if (!spec)
		return;
	print(cluster_print_spec(spec, false, &text), &text);
	apply(p, spec, true);
	apply(p, spec, false);
	clock_sleep_ms(1000); /* metadata and rights spread among brokers */
	probe_check(p, apply(p, spec, false) == 0, "applied twice, there is still something to do");
	probe_check(p, check(p, &p->admin, spec, CLUSTER_WARNS, "administrator") == 0,
		"all is well after it was applied");
	probe_check(p, check(p, &p->kafka, spec, CLUSTER_WARNS, "gateway") == 0, "the gateway sees it too");
	probe_check(p, ok(cluster_show(&p->admin, spec, 5000, &view, &p->e)), "shown");
	if (view)
		print(cluster_print_view(view, false, &text), &text);
	cluster_view_free(view);
	cluster_spec_free(spec);
}

/* What others can do with their own certificates. */
void case_rights(struct probe *p)
{
	const char *topics[] = {READS, NULL};
	struct cluster_spec *spec = make_spec(p);
	struct cluster_findings findings = {0};
	struct kafka_config as[] = {probe_as(p, "police"), probe_as(p, "outsider"), probe_as(p, "verifier")};
	const char *names[] = {"police", "outsider", "verifier"};

	for (int i = 0; i < 3; i++) {
		struct producer *producer = NULL;
		int64_t oldest, newest;
		struct status status = producer_fence(&as[i], "anpr-probe", topics, 3000, &producer, &p->e);

		probe_check(p, status.kind == STATUS_REFUSED, "%s takes the gateway's id: %s", names[i],
			probe_status(status));
		probe_note("%s takes the gateway's id: %s, %s", names[i], probe_status(status),
			error_text(&p->e));
		error_free(&p->e);
		status = probe_watermarks(&as[i], READS, 0, 3000, &oldest, &newest, &p->e);
		probe_check(p, ok(status) == (i != 1), "%s looks at the topic: %s", names[i],
			probe_status(status));
		probe_note("%s looks at the topic: %s %s", names[i], probe_status(status), error_text(&p->e));
		error_free(&p->e);
		status = probe_watermarks(&as[i], "anpr.heads", 0, 3000, &oldest, &newest, NULL);
		probe_check(p, !ok(status), "%s looks at the heads: %s", names[i], probe_status(status));
		status = cluster_check(&as[i], spec, 5000, &findings, &p->e);
		probe_check(p, ok(status) && cluster_breaks(&findings, READS),
			"%s cannot vouch for the cluster", names[i]);
		cluster_findings_free(&findings);
	}
	cluster_spec_free(spec);
}

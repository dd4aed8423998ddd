/* SPDX-License-Identifier: Apache-2.0
 *
 * What a monitor asks: /metrics in Prometheus' text format, /livez, /readyz. Made of the same object as
 * GET /v1/status, so that they cannot disagree. Nothing in it is personal: no camera, no person, and no label
 * but those the configuration and the agreements bound.
 */
#include "gateway/core/core_internal.h"

#include "gateway/base/pem.h"

#include <jansson.h>
#include <stdlib.h>

#define TEXT_FORMAT "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_PLAIN  "text/plain; charset=utf-8"

struct page {
	struct buffer text;
	bool failed; /* out of memory */
};

#define SAY(page, ...)                                                                                       \
	do {                                                                                                 \
		if (!ok(buffer_format(&(page)->text, __VA_ARGS__)))                                          \
			(page)->failed = true;                                                               \
	} while (0)

static void family(struct page *p, const char *name, const char *type, const char *help)
{
	SAY(p, "# HELP anpr_%s %s\n# TYPE anpr_%s %s\n", name, help, name, type);
}

static void single(struct page *p, const char *name, const char *help, double value)
{
	family(p, name, "gauge", help);
	SAY(p, "anpr_%s %.15g\n", name, value);
}

/* A member as a number: true is 1, an RFC 3339 time is its Unix time, what is not there 0. */
static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	struct utc_ms at;

	if (json_is_string(value))
		return ok(clock_parse(span_text(json_string_value(value)), &at)) ? (double)at.v / 1000 : 0;
	return json_is_true(value) ? 1 : json_number_value(value);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* --- partners and publishers: a family is one member of each --- */

struct member {
	const char *name, *type, *key, *help;
};

static const struct member of_partner[] = {
	{"partner_on", "gauge", "on", "1 where something of the partner is turned on."},
	{"partner_held", "gauge", "held", "1 where this node holds the partner back."},
	{"partner_cameras", "gauge", "cameras", "Cameras in the partner's register."},
	{"partner_cameras_on", "gauge", "cameras_on", "Cameras of which something is shared now."},
	{"partner_newest_arrival_timestamp_seconds", "gauge", "newest_arrival",
		"When the newest read that is dealt with came from the partner."},
};

static const struct member of_totals[] = {
	{"reads_received_total", "counter", "received", "Reads the partner has sent."},
	{"reads_permitted_total", "counter", "permitted", "Reads that policy lets through."},
	{"reads_published_total", "counter", "published",
		"Messages on topics: a read under two agreements is two."},
};

static const struct member of_publisher[] = {
	{"publisher_transactions_total", "counter", "transactions",
		"Transactions committed since the start."},
	{"publisher_transactions_aborted_total", "counter", "aborted",
		"Transactions that were not committed, by fences and broker errors, since the start."},
	{"publisher_ledger_ordinal", "gauge", "ordinal", "Number of the newest ledger record."},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Whether this node runs the partner, and so knows more of it than policy says. */
static bool is_here(const json_t *partner)
{
	return json_is_object(json_object_get(partner, "totals"));
}

/* One family for each member, a sample for each partner, of the object `inside` it where that is given. */
static void partner_members(
	struct page *p, const struct member *m, size_t n, const json_t *partners, const char *inside)
{
	size_t i;
	const json_t *one;

	for (; n > 0; n--, m++) {
		family(p, m->name, m->type, m->help);
		json_array_foreach(partners, i, one)
		{
			const json_t *from = inside ? json_object_get(one, inside) : one;

			if (is_here(one) ||
				(from && !json_is_null(from) && !json_is_null(json_object_get(from, m->key))))
				SAY(p, "anpr_%s{partner=\"%s\"} %.15g\n", m->name, text(one, "id"),
					number(from, m->key));
		}
	}
}

static void publisher_members(struct page *p, const json_t *publishers)
{
	size_t i;
	const json_t *one;

	for (const struct member *m = of_publisher; m < of_publisher + COUNT(of_publisher); m++) {
		family(p, m->name, m->type, m->help);
		json_array_foreach(publishers, i, one) SAY(p, "anpr_%s{publisher=\"%.0f\"} %.15g\n", m->name,
			number(one, "publisher"), number(one, m->key));
	}
}

static void by_reason(
	struct page *p, const json_t *partners, const char *name, const char *key, const char *help)
{
	size_t i;
	const json_t *one;

	family(p, name, "counter", help);
	json_array_foreach(partners, i, one)
	{
		json_t *reasons = json_object_get(json_object_get(one, "totals"), key), *count;
		const char *reason;

		json_object_foreach(reasons, reason, count)
			SAY(p, "anpr_%s{partner=\"%s\",reason=\"%s\"} %lld\n", name, text(one, "id"), reason,
				(long long)json_integer_value(count));
	}
}

static void source_states(struct page *p, const json_t *partners)
{
	static const char *const states[] = {"absent", "idle", "connecting", "streaming", "waiting"};
	size_t i;
	const json_t *one;

	family(p, "partner_source_state", "gauge", "1 for the state the partner's source is in.");
	json_array_foreach(partners, i, one)
	{
		const char *state = text(json_object_get(one, "source"), "state");

		for (size_t k = 0; is_here(one) && k < COUNT(states); k++)
			SAY(p, "anpr_partner_source_state{partner=\"%s\",state=\"%s\"} %d\n", text(one, "id"),
				states[k], strcmp(state, states[k]) == 0);
	}
}

static void clock_offsets(struct page *p, const json_t *publishers)
{
	size_t i;
	const json_t *one;

	family(p, "publisher_clock_offset_seconds", "gauge",
		"The broker's clock minus this node's, at least; absent where not known.");
	json_array_foreach(publishers, i, one) if (json_is_integer(json_object_get(one, "clock_offset_ms")))
		SAY(p, "anpr_publisher_clock_offset_seconds{publisher=\"%.0f\"} %.3f\n",
			number(one, "publisher"), number(one, "clock_offset_ms") / 1000);
}

/* --- times --- */

static void times(struct page *p, const char *name, const char *label, const struct histogram *h)
{
	uint64_t n = 0;

	for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
		n += h->counts[i];
		SAY(p, "anpr_%s_bucket{%sle=\"%g\"} %llu\n", name, label,
			(double)histogram_bounds_ms[i] / 1000, (unsigned long long)n);
	}
	SAY(p, "anpr_%s_bucket{%sle=\"+Inf\"} %llu\n", name, label, (unsigned long long)h->n);
}

static void times_sums(struct page *p, const char *name, const char *labels, const struct histogram *h)
{
	SAY(p, "anpr_%s_sum%s %.3f\nanpr_%s_count%s %llu\n", name, labels, (double)h->sum_ms / 1000, name,
		labels, (unsigned long long)h->n);
}

static void transaction_times(struct core *core, struct page *p)
{
	family(p, "publisher_transaction_seconds", "histogram",
		"From the first message of a committed transaction to the end of its commit.");
	for (uint32_t k = 0; core->publishers && k < core->n_publishers; k++) {
		struct publisher_status s;
		char label[40], labels[40];

		if (!ok(publisher_status(core->publishers[k], &s)))
			continue;
		snprintf(label, sizeof label, "publisher=\"%u\",", k);
		snprintf(labels, sizeof labels, "{publisher=\"%u\"}", k);
		if (s.n_partners > 0) {
			times(p, "publisher_transaction_seconds", label, &s.transaction_times);
			times_sums(p, "publisher_transaction_seconds", labels, &s.transaction_times);
		}
		publisher_status_free(&s);
	}
}

static void receipt_times(struct core *core, struct page *p)
{
	struct histogram h;

	pthread_mutex_lock(&core->lock);
	h = core->receipts;
	pthread_mutex_unlock(&core->lock);
	family(p, "off_receipt_seconds", "histogram",
		"From the acceptance of what narrows to its receipt, by this node since its start.");
	times(p, "off_receipt_seconds", "", &h);
	times_sums(p, "off_receipt_seconds", "", &h);
}

/* --- what ends --- */

static void agreement_ends(
	struct page *p, const json_t *agreements, const char *name, const char *key, const char *help)
{
	size_t i;
	const json_t *one;

	family(p, name, "gauge", help);
	json_array_foreach(agreements, i, one) if (strcmp(text(one, "state"), "in_force") == 0)
		SAY(p, "anpr_%s{agreement=\"%s\",partner=\"%s\"} %.3f\n", name, text(one, "id"),
			text(one, "partner"), number(json_object_get(one, "valid"), key));
}

static void look(void *context, const struct governance *g)
{
	struct page *p = context;
	char *view = governance_view_agreements(g, clock_now());
	json_t *agreements = view ? json_loads(view, 0, NULL) : NULL;
	const struct governance_organisation *list;
	size_t n = governance_organisations(g, &list);

	single(p, "proposals_open", "Proposals that wait for consents.",
		(double)governance_proposals_open(g));
	agreement_ends(p, agreements, "agreement_end_timestamp_seconds", "until",
		"When an agreement in force ends.");
	agreement_ends(p, agreements, "agreement_review_timestamp_seconds", "review_by",
		"When an agreement in force is to be reviewed.");
	family(p, "trust_root_expiry_timestamp_seconds", "gauge",
		"When the first certificate of an organisation's trust root expires.");
	for (size_t i = 0; i < n; i++)
		SAY(p, "anpr_trust_root_expiry_timestamp_seconds{organisation=\"%s\"} %.0f\n", list[i].id,
			(double)pem_expiry(list[i].ca_pem).v / 1000);
	json_decref(agreements);
	free(view);
}

/* --- the pages --- */

static void put_node(struct core *core, struct page *p, const json_t *status)
{
	const json_t *journal = json_object_get(status, "journal");

	family(p, "build_info", "gauge", "1, and which gateway and version this is.");
	SAY(p, "anpr_build_info{gateway=\"%s\",version=\"%s\"} 1\n", core->config->gateway_id, ANPR_VERSION);
	single(p, "problems", "Problems told by status: 0 where all is well.",
		(double)json_array_size(json_object_get(status, "problems")));
	single(p, "surroundings_well", "1 where the cluster is such that the guarantees hold.",
		number(json_object_get(status, "surroundings"), "well"));
	single(p, "policy_version", "The journal entry policy is compiled from.",
		number(status, "policy_version"));
	single(p, "journal_sequence", "The newest journal entry read.", number(journal, "sequence"));
	single(p, "journal_not_yet_enforced", "Narrowing entries without a receipt so far.",
		number(journal, "not_yet_enforced"));
	single(p, "stop_files", "Stop files put there by hand.",
		(double)json_array_size(json_object_get(status, "stop_files")));
	single(p, "stops_not_recorded", "Stops taken here and not yet in the journal.",
		(double)stops_waiting(core));
	single(p, "kafka_certificate_expiry_timestamp_seconds",
		"When this node's certificate for Kafka expires.",
		(double)pem_expiry(buffer_span(&core->cert_pem)).v / 1000);
}

static void put_all(struct core *core, struct page *p)
{
	json_t *status = status_object(core);
	const json_t *partners = json_object_get(status, "partners");
	const json_t *publishers = json_object_get(status, "publishers");

	put_node(core, p, status);
	journal_look(core->journal, look, p);
	partner_members(p, of_partner, COUNT(of_partner), partners, NULL);
	partner_members(p, of_totals, COUNT(of_totals), partners, "totals");
	by_reason(p, partners, "reads_denied_total", "denied_by_reason",
		"Reads that policy does not let through.");
	by_reason(p, partners, "reads_rejected_total", "rejected_by_reason", "Items that are no reads.");
	source_states(p, partners);
	publisher_members(p, publishers);
	clock_offsets(p, publishers);
	transaction_times(core, p);
	receipt_times(core, p);
	json_decref(status);
}

/* Ready: what partners send is being dealt with here. */
static bool put_ready(struct core *core, struct page *p)
{
	json_t *status = status_object(core);
	bool ready = json_is_true(json_object_get(json_object_get(status, "surroundings"), "well"));
	char trouble[512];
	size_t i;
	const json_t *one;

	if (!ready)
		SAY(p, "not ready: nothing is published: %s\n",
			text(json_object_get(status, "surroundings"), "why"));
	if (journal_trouble(core->journal, trouble, sizeof trouble)) {
		SAY(p, "not ready: %s\n", trouble);
		ready = false;
	}
	json_array_foreach(json_object_get(status, "publishers"), i, one)
	{
		const char *state = text(one, "state");

		if (strcmp(state, "publishing") == 0 || strcmp(state, "idle") == 0 ||
			(strcmp(state, "elsewhere") == 0 && *text(one, "node")))
			continue;
		SAY(p, "not ready: publisher %.0f is %s: %s\n", number(one, "publisher"), state,
			text(one, "detail"));
		ready = false;
	}
	if (ready)
		SAY(p, "ready\n");
	json_decref(status);
	return ready;
}

void metrics_handle(struct core *core, const Anpr__V1__AdminRequest *request)
{
	struct page page = {0};
	const char *type = TEXT_PLAIN;
	uint32_t status = 200;

	if (strcmp(request->method, "GET") != 0) {
		status = 405;
	} else if (strcmp(request->path, "/metrics") == 0) {
		put_all(core, &page);
		type = TEXT_FORMAT;
	} else if (strcmp(request->path, "/livez") == 0) {
		SAY(&page, "alive\n");
	} else if (strcmp(request->path, "/readyz") == 0) {
		status = put_ready(core, &page) ? 200 : 503;
	} else {
		status = 404;
	}
	if (page.failed)
		status = 500;
	core_answer_as(core, request->id, status, type, strdup(buffer_text(&page.text)));
	buffer_free(&page.text);
}

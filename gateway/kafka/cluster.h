/* SPDX-License-Identifier: Apache-2.0
 *
 * The Kafka cluster as the gateway needs it: topics, settings and rights. What is wanted becomes a spec; the
 * spec is shown, compared with what is found, or put into effect. Reading takes DESCRIBE and
 * DESCRIBE_CONFIGS, putting into effect an administrator. Rights are only ever added and partitions never
 * changed: what would need more is a finding.
 */
#ifndef ANPR_KAFKA_CLUSTER_H
#define ANPR_KAFKA_CLUSTER_H

#include "gateway/base/arena.h"
#include "gateway/base/buffer.h"
#include "gateway/kafka/kafka.h"

/* --- what is wanted: all borrowed while the spec is made --- */

/* A topic that reads go to. Principals in full, as Kafka writes them: "User:CN=police,O=mps". */
struct cluster_recipient {
	const char *topic;
	int32_t partitions;  /* when it is made */
	int64_t keep_for_ms; /* the shortest any agreement gives; 0 = no limit */
	const char *const *principals;
	size_t n_principals;
	const char *const *verifiers;
	size_t n_verifiers;
};

struct cluster_wanted {
	const char *journal, *ledger, *heads, *accounts, *documents; /* topics */
	int32_t publishers;                                          /* partitions of the ledger */
	const char *gateway;                                         /* the principal that writes */
	const char *const *super_users; /* declared: Kafka does not disclose them */
	size_t n_super_users;
	const struct cluster_recipient *recipients;
	size_t n_recipients;
	bool single_broker; /* one copy of everything, journal writes flushed; else three, two of them in sync
			     */
	const char *groups; /* prefix of the recipients' consumer groups; NULL = "police-" */
};

struct cluster_spec;
/* errors: BAD_INPUT (principals not in full, names Kafka does not take), OVERLOAD (no memory) */
MUST struct status cluster_spec_new(
	const struct cluster_wanted *wanted, struct cluster_spec **out, struct error *e);
void cluster_spec_free(struct cluster_spec *spec);

#define CLUSTER_PRINCIPAL_MAX 600
/* Kafka's name for who holds the certificate, its whole subject: "User:CN=gateway,O=mps".
 * shape  to: CLUSTER_PRINCIPAL_MAX bytes   errors: BAD_INPUT */
MUST struct status cluster_principal(struct span cert_pem, char *to, struct error *e);

/* --- what is found --- */

struct cluster_view;
/* Ask the cluster, all its brokers, about what the spec names. What may not be seen is left out and becomes a
 * finding. errors: RETRY (no broker answers), BAD_INPUT (addresses, certificates). thread: any; takes up to
 * timeout_ms. */
MUST struct status cluster_show(const struct kafka_config *config, const struct cluster_spec *spec,
	int timeout_ms, struct cluster_view **out, struct error *e);
/* Both, of however many brokers there are: a single one can keep one copy only, which is then what is wanted
 * (wanted->single_broker is not looked at). *spec and *view are set as far as they were made, also on an
 * error; the caller frees them. errors: of the two. */
MUST struct status cluster_look(const struct kafka_config *config, const struct cluster_wanted *wanted,
	int timeout_ms, struct cluster_spec **spec, struct cluster_view **view, struct error *e);
void cluster_view_free(struct cluster_view *view);
size_t cluster_view_brokers(const struct cluster_view *view);

enum cluster_severity {
	CLUSTER_BREAKS = 0, /* a guarantee does not hold: no publishing to the topic, or to any where `topic`
			       is NULL */
	CLUSTER_LACKS,      /* the gateway itself could not work; no guarantee breaks by that */
	CLUSTER_WARNS,      /* something will not work, or could break a guarantee later */
	CLUSTER_NOTES,      /* worth knowing */
};
struct cluster_finding {
	enum cluster_severity severity;
	const char *topic; /* NULL = not about one topic */
	const char *where; /* "topic anpr.reads", "broker 2", "rights" */
	const char *what;  /* setting or right */
	const char *found;
	const char *wanted;
	const char *remedy; /* a sentence */
};
struct cluster_findings {
	struct cluster_finding *items; /* worst first */
	size_t n, cap;
	struct arena memory;
};
/* Compare; no I/O. Zero *out. errors: OVERLOAD (no memory). */
MUST struct status cluster_compare(
	const struct cluster_spec *spec, const struct cluster_view *view, struct cluster_findings *out);
/* Show and compare. */
MUST struct status cluster_check(const struct kafka_config *config, const struct cluster_spec *spec,
	int timeout_ms, struct cluster_findings *out, struct error *e);
/* The first finding that forbids publishing to the topic; NULL = none. */
const struct cluster_finding *cluster_breaks(const struct cluster_findings *findings, const char *topic);
void cluster_findings_free(struct cluster_findings *findings);

/* --- putting it into effect --- */

struct cluster_step {
	const char *text;    /* "create topic anpr.reads with 12 partitions, ..." */
	const char *problem; /* NULL = done, or would be */
};
struct cluster_steps {
	struct cluster_step *items; /* in the order done; none = all was as wanted already */
	size_t n, cap;
	bool only_said; /* nothing was changed */
	struct arena memory;
};
/* Create missing topics and rights, correct topics' settings. Can be repeated. only_say changes nothing. Zero
 * *out. errors: as cluster_show; REFUSED: some steps failed, see their problems. */
MUST struct status cluster_apply(const struct kafka_config *config, const struct cluster_spec *spec,
	bool only_say, int timeout_ms, struct cluster_steps *out, struct error *e);
void cluster_steps_free(struct cluster_steps *steps);

/* --- for people (plain text) and programs (one JSON value); appended to out --- */

MUST struct status cluster_print_spec(const struct cluster_spec *spec, bool json, struct buffer *out);
MUST struct status cluster_print_view(const struct cluster_view *view, bool json, struct buffer *out);
/* Of a view its rights alone, as the view's JSON has them: {"rights"} or {"rights_problem"}. */
MUST struct status cluster_print_rights(const struct cluster_view *view, struct buffer *out);
MUST struct status cluster_print_findings(
	const struct cluster_findings *findings, bool json, struct buffer *out);
MUST struct status cluster_print_steps(const struct cluster_steps *steps, bool json, struct buffer *out);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration file (DESIGN.md 5.4) as an immutable struct. It holds addresses, keys and listeners;
 * nothing that decides, beyond the bootstrap of an empty journal.
 */
#ifndef ANPR_CONFIG_CONFIG_H
#define ANPR_CONFIG_CONFIG_H

#include "gateway/base/buffer.h"
#include "gateway/base/error.h"

enum source_kind { SOURCE_KIND_NONE = 0, SOURCE_KIND_STREAM, SOURCE_KIND_PUSH };

struct config_tls {
	char *ca, *cert, *key;
}; /* paths, made absolute; `ca` NULL where not used */
struct config_listen {
	char *address;
	uint16_t port;
}; /* NULL address: not configured */
struct config_person {
	char *subject;
	unsigned roles;
}; /* roles: bit n = anpr.v1.Role n */
struct config_organisation {
	char *id, *ca;
	struct config_person *people;
	size_t n_people;
	size_t line;
};
struct config_partner {
	char *id, *organisation;
	enum source_kind kind;
	char *url;             /* stream */
	struct config_tls tls; /* stream */
	char **subjects;
	size_t n_subjects; /* push */
	size_t line;
};
struct config {
	char *path; /* of the file */
	char *gateway_id, *state_dir, *signing_key;
	char *brokers;
	struct config_tls kafka;
	char **super_users;
	size_t n_super_users;
	struct {
		char *ledger, *heads, *accounts, *journal, *documents;
	} topics;
	struct config_organisation *organisations;
	size_t n_organisations;
	struct config_partner *partners;
	size_t n_partners;
	struct config_listen ingress, admin, metrics;
	struct config_tls ingress_tls, admin_tls;
	uint32_t publishers;       /* kafka.publishers, 8: ledger partitions made at the first start */
	uint32_t reads_partitions; /* kafka.reads_partitions, 12: of a recipient's topic when `cluster apply`
				      makes it */
	uint32_t batch_ms;         /* kafka.batch_ms, 100 (60-1000) */
	uint32_t duplicate_window_s; /* gateway.duplicate_window, 15m (1m-2h), in seconds */
};

/* Parse, check, resolve paths beside the file. errors: BAD_INPUT with every problem and its line in `e`:
 * unknown keys, missing files, private keys others can read, one key named twice. */
MUST struct status config_load(const char *path, struct config **out, struct error *e);
/* The effective configuration as YAML, defaults filled in; parses to itself. Paths only, no key material. */
MUST struct status config_print(const struct config *c, struct buffer *out);
void config_free(struct config *c);
/* Where metrics are served: ADDRESS:PORT, by the same rule as metrics.listen. What is wrong with it; NULL =
 * nothing, and out->address is the caller's to free. */
const char *config_metrics_parse(const char *text, struct config_listen *out);
/* Whether the certificate and the key, as they lie there now, belong together. false also where either cannot
 * be read: a renewal that is half done. */
bool config_pair_matches(const struct config_tls *tls);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The Kafka cluster as configuration and agreements want it, put together from files, and as it is found.
 * What that has to be is gateway/kafka's to say.
 */
#ifndef ANPR_CTL_WANTED_H
#define ANPR_CTL_WANTED_H

#include "gateway/config/config.h"
#include "gateway/ctl/access.h"
#include "gateway/ctl/document.h"
#include "gateway/kafka/cluster.h"

#define CLUSTER_MS 30000

struct wanted {
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
	struct cluster_view *view;
};

/* The files, without the cluster: config, recipients and access. What is wrong is told. wanted_free in any
 * case; zero *w first. */
enum exit_code wanted_read(struct wanted *w, const struct options *o);
/* Then the cluster: spec and view. What goes wrong is in *e, which stays the caller's. */
MUST struct status wanted_look(struct wanted *w, int timeout_ms, struct error *e);
/* What to tell when Kafka does not do it. Frees e. */
enum exit_code wanted_failed(const struct wanted *w, struct status status, struct error *e);
void wanted_free(struct wanted *w);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What verbs need that go straight to Kafka: who is asking there, from --kafka and its files, or from files
 * that are named elsewhere.
 */
#ifndef ANPR_CTL_ACCESS_H
#define ANPR_CTL_ACCESS_H

#include "gateway/ctl/ctl.h"
#include "gateway/kafka/kafka.h"

/* Brokers, and the paths of PEM files. */
struct access_files {
	const char *brokers, *ca, *cert, *key;
};
struct access {
	struct buffer ca, cert, key;
	struct kafka_config config; /* borrows from the rest, and its brokers */
};

/* What is missing or cannot be read is told. access_free in any case. */
enum exit_code access_read(const struct options *o, const char *client_id, struct access *out);
enum exit_code access_read_files(
	const struct options *o, const struct access_files *files, const char *client_id, struct access *out);
void access_free(struct access *a);

#endif

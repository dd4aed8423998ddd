/* SPDX-License-Identifier: Apache-2.0
 *
 * What bench_bare_producer and bench_receive share: options, a librdkafka configuration, messages in a file.
 * None of it is the gateway's code: it is what that is compared with.
 */
#ifndef ANPR_TESTS_BENCH_KAFKA_H
#define ANPR_TESTS_BENCH_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>

struct bench_options {
	const char *brokers, *ca, *cert, *key; /* PEM files */
	const char *topic;
	const char *file;   /* of messages */
	const char *times;  /* file: what was received when */
	size_t messages;    /* how many */
	size_t batch;       /* a transaction */
	size_t rounds;      /* how often the file is sent */
	const char *linger; /* linger.ms */
	const char *codec;  /* compression.codec */
};

/* From --name VALUE pairs; anything else ends the program with `usage`. */
void bench_options(struct bench_options *o, int argc, char **argv, const char *usage);
/* Brokers, mutual TLS, Nagle off; exits on an error. */
rd_kafka_conf_t *bench_conf(const struct bench_options *o);
void bench_set(rd_kafka_conf_t *conf, const char *name, const char *value);
/* Say what is wrong and end. */
void bench_die(const char *doing, const char *why) __attribute__((noreturn));

double bench_now_s(void); /* since some moment */
double bench_cpu_s(void); /* user and system, of this process and all its threads */
int64_t bench_utc_us(void);

/* One message in a file, in this machine's order of bytes. */
struct bench_message {
	int32_t partition;
	int64_t timestamp;
	char *key, *value;
	size_t key_n, value_n;
	size_t n_headers;
	const char *headers[2 * 16];
	size_t header_n[2 * 16];
};

void bench_message_write(FILE *to, const rd_kafka_message_t *m);
/* Into new allocations, kept for ever; NULL at the end. */
struct bench_message *bench_message_read(FILE *from);

#endif

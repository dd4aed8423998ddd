/* SPDX-License-Identifier: Apache-2.0
 *
 * What bench_bare_producer and bench_receive share.
 */
#include "tests/bench/kafka.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

void bench_die(const char *doing, const char *why)
{
	fprintf(stderr, "%s: %s\n", doing, why);
	exit(1);
}

static size_t number(const char *text, const char *usage)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !*text) {
		fputs(usage, stderr);
		exit(2);
	}
	return n;
}

void bench_options(struct bench_options *o, int argc, char **argv, const char *usage)
{
	const struct {
		const char *name;
		const char **text;
		size_t *number;
	} all[] = {
		{"--brokers", &o->brokers, NULL},
		{"--ca", &o->ca, NULL},
		{"--cert", &o->cert, NULL},
		{"--key", &o->key, NULL},
		{"--topic", &o->topic, NULL},
		{"--file", &o->file, NULL},
		{"--times", &o->times, NULL},
		{"--linger", &o->linger, NULL},
		{"--codec", &o->codec, NULL},
		{"--messages", NULL, &o->messages},
		{"--batch", NULL, &o->batch},
		{"--rounds", NULL, &o->rounds},
	};

	for (int i = 1; i < argc; i++) {
		size_t n = 0;

		while (n < sizeof all / sizeof *all && strcmp(argv[i], all[n].name) != 0)
			n++;
		if (n == sizeof all / sizeof *all || i + 1 == argc) {
			fputs(usage, stderr);
			exit(strcmp(argv[i], "--help") == 0 ? 0 : 2);
		}
		i++;
		if (all[n].text)
			*all[n].text = argv[i];
		else
			*all[n].number = number(argv[i], usage);
	}
	if (o->brokers && o->ca && o->cert && o->key && o->topic)
		return;
	fputs(usage, stderr);
	exit(2);
}

void bench_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char words[512];

	if (rd_kafka_conf_set(conf, name, value, words, sizeof words) != RD_KAFKA_CONF_OK)
		bench_die(name, words);
}

rd_kafka_conf_t *bench_conf(const struct bench_options *o)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	bench_set(conf, "bootstrap.servers", o->brokers);
	bench_set(conf, "security.protocol", "ssl");
	bench_set(conf, "ssl.ca.location", o->ca);
	bench_set(conf, "ssl.certificate.location", o->cert);
	bench_set(conf, "ssl.key.location", o->key);
	bench_set(conf, "socket.nagle.disable", "true");
	return conf;
}

double bench_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double bench_cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int64_t bench_utc_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- messages in a file --- */

static void put(FILE *to, const void *bytes, size_t n)
{
	if (n > 0 && fwrite(bytes, n, 1, to) != 1)
		bench_die("writing messages", "the disk is full?");
}

static void put_text(FILE *to, const void *bytes, size_t n)
{
	uint32_t length = (uint32_t)n;

	put(to, &length, sizeof length);
	put(to, bytes, n);
}

void bench_message_write(FILE *to, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_timestamp_type_t type;
	int64_t timestamp = rd_kafka_message_timestamp(m, &type);
	uint32_t n = 0;

	if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
		n = (uint32_t)rd_kafka_header_cnt(headers);
	put(to, &m->partition, sizeof m->partition);
	put(to, &timestamp, sizeof timestamp);
	put(to, &n, sizeof n);
	put_text(to, m->key, m->key_len);
	put_text(to, m->payload, m->len);
	for (uint32_t i = 0; i < n; i++) {
		const char *name;
		const void *value;
		size_t length;

		if (rd_kafka_header_get_all(headers, i, &name, &value, &length) != RD_KAFKA_RESP_ERR_NO_ERROR)
			bench_die("writing messages", "a header is missing");
		put_text(to, name, strlen(name));
		put_text(to, value, length);
	}
}

static void get(FILE *from, void *to, size_t n)
{
	if (n > 0 && fread(to, n, 1, from) != 1)
		bench_die("reading messages", "the file is cut short");
}

static char *get_text(FILE *from, size_t *n)
{
	uint32_t length;
	char *text;

	get(from, &length, sizeof length);
	text = malloc(length + 1);
	if (!text)
		bench_die("reading messages", "out of memory");
	get(from, text, length);
	text[length] = 0;
	*n = length;
	return text;
}

struct bench_message *bench_message_read(FILE *from)
{
	struct bench_message *m = calloc(1, sizeof *m);
	uint32_t n;

	if (!m)
		bench_die("reading messages", "out of memory");
	if (fread(&m->partition, sizeof m->partition, 1, from) != 1) {
		free(m);
		return NULL;
	}
	get(from, &m->timestamp, sizeof m->timestamp);
	get(from, &n, sizeof n);
	if (n > 16)
		bench_die("reading messages", "too many headers");
	m->key = get_text(from, &m->key_n);
	m->value = get_text(from, &m->value_n);
	m->n_headers = n;
	for (uint32_t i = 0; i < 2 * n; i++)
		m->headers[i] = get_text(from, &m->header_n[i]);
	return m;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The least that could put the same messages on the same topic exactly once: librdkafka, one transaction
 * after the other, nothing decided, nothing counted. What the gateway is compared with.
 */
#include "tests/bench/kafka.h"

#include <stdlib.h>
#include <sys/resource.h>

static const char usage[] = "bench_bare_producer --brokers LIST --ca PEM --cert PEM --key PEM --topic TOPIC "
			    "--file FILE --batch N\n"
			    "                    [--rounds N] [--linger MS] [--codec NAME]\n"
			    "Sends the messages of FILE (as bench_receive keeps them) in transactions of N, "
			    "as fast as it goes, --rounds\n"
			    "times over, and prints what it took as JSON. Settings are those of the "
			    "gateway's producers unless given. The time is that of sending and "
			    "committing: connecting and\n"
			    "reading the file are not counted.\n";

static void check(rd_kafka_error_t *error, const char *doing)
{
	if (error)
		bench_die(doing, rd_kafka_error_string(error));
}

static struct bench_message **load(const char *path, size_t *n)
{
	FILE *from = fopen(path, "rb");
	struct bench_message **all = NULL, *m;

	if (!from)
		bench_die(path, "cannot be opened");
	*n = 0;
	while ((m = bench_message_read(from))) {
		if ((*n & (*n - 1)) == 0)
			all = realloc(all, (*n ? 2 * *n : 1) * sizeof *all);
		if (!all)
			bench_die(path, "out of memory");
		all[(*n)++] = m;
	}
	fclose(from);
	return all;
}

static rd_kafka_t *producer_new(const struct bench_options *o)
{
	rd_kafka_conf_t *conf = bench_conf(o);
	char words[512];
	rd_kafka_t *rk;

	bench_set(conf, "transactional.id", "bench-bare");
	bench_set(conf, "acks", "all");
	bench_set(conf, "linger.ms", o->linger);
	bench_set(conf, "compression.codec", o->codec);
	bench_set(conf, "message.max.bytes", "1048576");
	bench_set(conf, "queue.buffering.max.messages", "200000");
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof words);
	if (!rk)
		bench_die("producer", words);
	check(rd_kafka_init_transactions(rk, 20000), "init");
	return rk;
}

static void send_one(rd_kafka_t *rk, rd_kafka_topic_t *topic, const struct bench_message *m)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(m->n_headers);
	rd_kafka_resp_err_t error;

	for (size_t i = 0; i < 2 * m->n_headers; i += 2)
		rd_kafka_header_add(headers, m->headers[i], (ssize_t)m->header_n[i], m->headers[i + 1],
			(ssize_t)m->header_n[i + 1]);
	while ((error = rd_kafka_producev(rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(m->partition),
			RD_KAFKA_V_KEY(m->key, m->key_n), RD_KAFKA_V_VALUE(m->value, m->value_n),
			RD_KAFKA_V_TIMESTAMP(m->timestamp), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END)) ==
		RD_KAFKA_RESP_ERR__QUEUE_FULL)
		rd_kafka_poll(rk, 5);
	if (error)
		bench_die("producing", rd_kafka_err2str(error));
}

int main(int argc, char **argv)
{
	struct bench_options o = {.linger = "2", .codec = "lz4", .rounds = 1};
	struct bench_message **all;
	rd_kafka_topic_t *topic;
	size_t n, transactions = 0;
	double began, cpu;
	struct rusage used;
	rd_kafka_t *rk;

	bench_options(&o, argc, argv, usage);
	if (!o.file || o.batch == 0)
		bench_die("options", "--file and --batch are needed");
	all = load(o.file, &n);
	rk = producer_new(&o);
	topic = rd_kafka_topic_new(rk, o.topic, NULL);
	/* The first transaction waits for metadata and connections: it is one more, not counted. */
	check(rd_kafka_begin_transaction(rk), "begin");
	send_one(rk, topic, all[0]);
	check(rd_kafka_commit_transaction(rk, 20000), "commit");
	began = bench_now_s();
	cpu = bench_cpu_s();
	for (size_t round = 0; round < o.rounds; round++)
		for (size_t i = 0; i < n; transactions++) {
			check(rd_kafka_begin_transaction(rk), "begin");
			for (size_t end = i + o.batch; i < end && i < n; i++)
				send_one(rk, topic, all[i]);
			check(rd_kafka_commit_transaction(rk, 20000), "commit");
		}
	cpu = bench_cpu_s() - cpu;
	began = bench_now_s() - began;
	getrusage(RUSAGE_SELF, &used);
	printf("{\"messages\": %zu, \"transactions\": %zu, \"seconds\": %.3f, \"cpu_seconds\": %.3f, "
	       "\"rss_kib\": %ld}\n",
		n * o.rounds, transactions, began, cpu, used.ru_maxrss);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	return 0;
}

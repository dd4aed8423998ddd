/* SPDX-License-Identifier: Apache-2.0
 *
 * A consumer that reads committed, as the police's would: how many came, when the last one came, and on
 * request every message as it is, or when each came.
 */
#include "tests/bench/kafka.h"

#include "proto/read.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"bench_receive --brokers LIST --ca PEM --cert PEM --key PEM --topic TOPIC --messages N\n"
	"              [--file FILE] [--times FILE]\n"
	"Waits for the next N committed messages on the topic (it says 'ready' once nothing can be missed "
	"any more) and\n"
	"prints when the last one came, as JSON. --file keeps the messages for bench_bare_producer; --times "
	"writes each\n"
	"read's id and when it was here, in microseconds since 1970.\n";

#define WAIT_MS 60000 /* nothing for so long: something is broken */

static rd_kafka_t *consumer_new(const struct bench_options *o)
{
	rd_kafka_conf_t *conf = bench_conf(o);
	char words[512];
	rd_kafka_t *rk;

	bench_set(conf, "group.id", "bench");
	bench_set(conf, "enable.auto.commit", "false");
	bench_set(conf, "isolation.level", "read_committed");
	bench_set(conf, "fetch.wait.max.ms", "100");
	bench_set(conf, "fetch.error.backoff.ms", "5");
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, words, sizeof words);
	if (!rk)
		bench_die("consumer", words);
	rd_kafka_poll_set_consumer(rk);
	return rk;
}

/* All partitions, each from where it ends now. */
static void assign(rd_kafka_t *rk, const char *name)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t error = rd_kafka_metadata(rk, 0, topic, &metadata, 20000);
	int n;

	if (error)
		bench_die("metadata", rd_kafka_err2str(error));
	n = metadata->topics[0].partition_cnt;
	list = rd_kafka_topic_partition_list_new(n);
	for (int i = 0; i < n; i++) {
		int64_t low, high;

		error = rd_kafka_query_watermark_offsets(rk, name, i, &low, &high, 20000);
		if (error)
			bench_die("watermarks", rd_kafka_err2str(error));
		rd_kafka_topic_partition_list_add(list, name, i)->offset = high;
	}
	error = rd_kafka_assign(rk, list);
	if (error || n == 0)
		bench_die("assign", rd_kafka_err2str(error));
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
}

static void note_time(FILE *times, struct arena *arena, const rd_kafka_message_t *m, int64_t now_us)
{
	struct shared_read read;

	arena_reset(arena);
	if (!ok(shared_read_decode(span_of(m->payload, m->len), arena, &read)))
		bench_die("a message", "is no shared read");
	fprintf(times, "%.*s %lld\n", SPAN_ARG(read.read.read_id), (long long)now_us);
}

static FILE *open_for_writing(const char *path)
{
	FILE *file = path ? fopen(path, "wb") : NULL;

	if (path && !file)
		bench_die(path, "cannot be written");
	return file;
}

int main(int argc, char **argv)
{
	struct bench_options o = {0};
	FILE *file, *times;
	struct arena arena = {0};
	size_t n = 0, bytes = 0;
	int64_t last_us = 0;
	rd_kafka_t *rk;

	bench_options(&o, argc, argv, usage);
	file = open_for_writing(o.file);
	times = open_for_writing(o.times);
	rk = consumer_new(&o);
	assign(rk, o.topic);
	puts("ready");
	fflush(stdout);
	while (n < o.messages) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, WAIT_MS);

		if (!m)
			bench_die("waiting", "nothing came for a minute");
		if (m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
			rd_kafka_message_destroy(m); /* no group is used */
			continue;
		}
		if (m->err)
			bench_die("receiving", rd_kafka_message_errstr(m));
		last_us = bench_utc_us();
		n++;
		bytes += m->len;
		if (file)
			bench_message_write(file, m);
		if (times)
			note_time(times, &arena, m, last_us);
		rd_kafka_message_destroy(m);
	}
	printf("{\"messages\": %zu, \"bytes\": %zu, \"last_us\": %lld, \"cpu_seconds\": %.3f}\n", n, bytes,
		(long long)last_us, bench_cpu_s());
	arena_free(&arena);
	if (file)
		fclose(file);
	if (times)
		fclose(times);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
	return 0;
}

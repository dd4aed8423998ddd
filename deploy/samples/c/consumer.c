/* SPDX-License-Identifier: Apache-2.0
 *
 * A consumer of the police topic, to build your own from: it takes each read once into an SQLite file, says
 * where reads are missing or came twice, and deletes each read when its time has come. What you do with the
 * reads is not here. ../README.md says why each of these things is done; ../python and ../java are the same
 * in other words.
 */
#include "anpr/v1/read.pb-c.h"

#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum exit_code { WHOLE = 0, CANNOT = 1, USAGE = 2, FAULTS = 3 };

#define BATCH          500
#define PARTITIONS_MAX 1024
#define SETTLE_S       10 /* a transaction shows in one partition after the other */

static const char usage[] =
	"usage: consumer --kafka HOST:PORT --ca FILE --cert FILE --key FILE --topic TOPIC --store FILE "
	"[--until-end]\n"
	"\n"
	"Take the reads of a topic into an SQLite file, each once, and delete each when its time has come.\n"
	"\n"
	"Exit codes: 0 all was well; 1 it could not go on; 2 usage; 3 reads were missing, came twice or "
	"were\n"
	"malformed, as told. SIGTERM ends it cleanly.\n";

static const char schema[] =
	"PRAGMA locking_mode = EXCLUSIVE;" /* two consumers of one store would undo each other */
	"PRAGMA journal_mode = TRUNCATE;"  /* a write-ahead log or a kept journal would keep deleted reads */
	"PRAGMA secure_delete = ON;"       /* what is deleted is overwritten, not only unlinked */
	"PRAGMA synchronous = FULL;"
	"CREATE TABLE IF NOT EXISTS positions (topic TEXT, partition INTEGER, next INTEGER,"
	" PRIMARY KEY (topic, partition));"
	"CREATE TABLE IF NOT EXISTS numbers (topic TEXT, partition INTEGER, partner TEXT, next INTEGER,"
	" sequence INTEGER, PRIMARY KEY (topic, partition, partner));"
	"CREATE TABLE IF NOT EXISTS reads (topic TEXT, partition INTEGER, offset INTEGER, keep_until_ms "
	"INTEGER,"
	" value BLOB, PRIMARY KEY (topic, partition, offset));"
	"CREATE INDEX IF NOT EXISTS reads_keep_until ON reads (keep_until_ms);";

enum statement {
	BEGIN,
	COMMIT,
	POSITION_GET,
	POSITION_SET,
	NUMBERS_GET,
	NUMBERS_SET,
	READ_ADD,
	DELETE_EXPIRED,
	BEHIND,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[POSITION_GET] = "SELECT next FROM positions WHERE topic = ?1 AND partition = ?2",
	[POSITION_SET] = "INSERT OR REPLACE INTO positions VALUES (?1, ?2, ?3)",
	[NUMBERS_GET] =
		"SELECT next, sequence FROM numbers WHERE topic = ?1 AND partition = ?2 AND partner = ?3",
	[NUMBERS_SET] = "INSERT OR REPLACE INTO numbers VALUES (?1, ?2, ?3, ?4, ?5)",
	[READ_ADD] = "INSERT INTO reads VALUES (?1, ?2, ?3, ?4, ?5)",
	[DELETE_EXPIRED] = "DELETE FROM reads WHERE keep_until_ms <= ?1",
	/* Partners of whom the partitions have fewer reads than the topic was given: sequence counts a
	 * partner's reads on the topic, partition_sequence those in each partition, both from 1. Where a
	 * partition has nothing of a partner any more, there is nothing to compare. */
	[BEHIND] = ("SELECT partner, SUM(next - 1), MAX(sequence) FROM numbers WHERE topic = ?1 GROUP BY "
		    "partner "
		    "HAVING COUNT(*) = ?2 AND SUM(next - 1) != MAX(sequence)"),
};

enum count { STORED, EXPIRED, DELETED, MISSING, TWICE, DISORDER, BEHIND_END, MALFORMED, COUNTS };

static const char *const count_names[COUNTS] = {
	"stored", "expired", "deleted", "missing", "twice", "disorder", "behind", "malformed"};

enum option_given { KAFKA, CA, CERT, KEY, TOPIC, STORE, OPTIONS };

struct consumer {
	const char *given[OPTIONS];
	bool until_end;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int partitions;
	bool ended[PARTITIONS_MAX];
	uint64_t counts[COUNTS];
	time_t behind_since; /* 0 = all was there when last looked at */
	int64_t behind_told; /* reads that were told to be missing at the end */
	char trouble[512];
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Never a number plate, nor bytes of a record: logs are kept longer, and seen by more people, than reads may
 * be. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* --- the store: reads, the numbers seen and the offsets reached, in one file and one transaction, so that
 * whenever this program is killed it goes on exactly where its reads end --- */

static void store_failed(struct consumer *c)
{
	if (!c->trouble[0])
		snprintf(c->trouble, sizeof c->trouble, "%s: %s", c->given[STORE], sqlite3_errmsg(c->db));
}

static bool store_open(struct consumer *c)
{
	bool good = sqlite3_open(c->given[STORE], &c->db) == SQLITE_OK &&
		    sqlite3_exec(c->db, schema, NULL, NULL, NULL) == SQLITE_OK;

	for (size_t i = 0; good && i < STATEMENTS; i++)
		good = sqlite3_prepare_v2(c->db, sql[i], -1, &c->statements[i], NULL) == SQLITE_OK;
	if (!good)
		store_failed(c);
	return good;
}

static void store_close(struct consumer *c)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(c->statements[i]);
	sqlite3_close(c->db);
}

static sqlite3_stmt *store_at(struct consumer *c, enum statement which, int32_t partition)
{
	sqlite3_stmt *s = c->statements[which];

	sqlite3_reset(s);
	sqlite3_bind_text(s, 1, c->given[TOPIC], -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, partition);
	return s;
}

/* True where there is a row; without one that is no trouble. */
static bool store_row(struct consumer *c, sqlite3_stmt *s)
{
	int result = sqlite3_step(s);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		store_failed(c);
	return result == SQLITE_ROW;
}

static void store_run(struct consumer *c, sqlite3_stmt *s)
{
	store_row(c, s);
	sqlite3_reset(s);
}

static void delete_expired(struct consumer *c)
{
	sqlite3_stmt *s = c->statements[DELETE_EXPIRED];

	sqlite3_bind_int64(s, 1, now_ms());
	store_run(c, s);
	c->counts[DELETED] += (uint64_t)sqlite3_changes(c->db);
}

/* Whether the read is new. partition_sequence of a partner rises by one in a partition, and sequence rises
 * with it. The first seen is taken as it comes: older reads may have left the topic already. */
static bool check(struct consumer *c, int32_t partition, const Anpr__V1__SharedRead *read)
{
	int64_t number = (int64_t)read->partition_sequence, sequence = (int64_t)read->sequence;
	int64_t expected = number, before = 0;
	sqlite3_stmt *s = store_at(c, NUMBERS_GET, partition);

	sqlite3_bind_text(s, 3, read->partner_id, -1, SQLITE_STATIC);
	if (store_row(c, s)) {
		expected = sqlite3_column_int64(s, 0);
		before = sqlite3_column_int64(s, 1);
	}
	sqlite3_reset(s);
	if (number < expected) {
		c->counts[TWICE]++;
		say("TWICE: %s partition %d: %s: expected %" PRId64 ", found %" PRId64 "; not stored again",
			c->given[TOPIC], (int)partition, read->partner_id, expected, number);
		return false;
	}
	if (number > expected) {
		c->counts[MISSING] += (uint64_t)(number - expected);
		say("MISSING: %s partition %d: %s: expected %" PRId64 ", found %" PRId64, c->given[TOPIC],
			(int)partition, read->partner_id, expected, number);
	}
	if (sequence <= before) {
		c->counts[DISORDER]++;
		say("DISORDER: %s partition %d: %s: sequence %" PRId64 " after %" PRId64, c->given[TOPIC],
			(int)partition, read->partner_id, sequence, before);
	}
	s = store_at(c, NUMBERS_SET, partition);
	sqlite3_bind_text(s, 3, read->partner_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, number + 1);
	sqlite3_bind_int64(s, 5, sequence > before ? sequence : before);
	store_run(c, s);
	return true;
}

/* A read with all that is needed to number and to delete it; NULL if it is none. SQLite's integers are
 * signed; the gateway counts from 1 and comes nowhere near their end. */
static Anpr__V1__SharedRead *decode(const rd_kafka_message_t *m)
{
	const uint64_t most = UINT64_C(1) << 62;
	Anpr__V1__SharedRead *read = anpr__v1__shared_read__unpack(NULL, m->len, m->payload);

	if (read && read->partner_id && read->partner_id[0] && read->partition_sequence > 0 &&
		read->partition_sequence < most && read->sequence > 0 && read->sequence < most &&
		read->has_keep_until_ms)
		return read;
	if (read)
		anpr__v1__shared_read__free_unpacked(read, NULL);
	return NULL;
}

/* A read may still be on the topic when its time is over; then it is not ours to have. */
static void keep(struct consumer *c, const rd_kafka_message_t *m, const Anpr__V1__SharedRead *read)
{
	sqlite3_stmt *s;

	if (read->keep_until_ms <= now_ms()) {
		c->counts[EXPIRED]++;
		return;
	}
	s = store_at(c, READ_ADD, m->partition);
	sqlite3_bind_int64(s, 3, m->offset);
	sqlite3_bind_int64(s, 4, read->keep_until_ms);
	sqlite3_bind_blob(s, 5, m->payload, (int)m->len, SQLITE_STATIC);
	store_run(c, s);
	c->counts[STORED]++;
}

static void take(struct consumer *c, const rd_kafka_message_t *m)
{
	Anpr__V1__SharedRead *read = decode(m);
	sqlite3_stmt *s = store_at(c, POSITION_SET, m->partition);

	sqlite3_bind_int64(s, 3, m->offset + 1);
	store_run(c, s);
	if (!read) {
		c->counts[MALFORMED]++;
		say("MALFORMED: %s partition %d offset %" PRId64 ": no read; skipped", c->given[TOPIC],
			(int)m->partition, m->offset);
		return;
	}
	if (check(c, m->partition, read))
		keep(c, m, read);
	anpr__v1__shared_read__free_unpacked(read, NULL);
}

/* --- the topic: all its partitions, from where the store ends. No consumer group: its offsets would lie in
 * Kafka, apart from the reads, and a killed member holds its partitions for the rest of its session --- */

/* Brokers come and go, and librdkafka connects again by itself. A certificate does not mend by waiting; with
 * TLS 1.3 its refusal arrives after the handshake, as an alert. */
static void on_error(rd_kafka_t *rk, int error, const char *reason, void *context)
{
	struct consumer *c = context;

	(void)rk;
	if (strstr(reason, "SSL alert") || error == RD_KAFKA_RESP_ERR__SSL ||
		error == RD_KAFKA_RESP_ERR__AUTHENTICATION)
		snprintf(c->trouble, sizeof c->trouble,
			"the broker and this certificate do not go together: %s", reason);
}

static bool topic_open(struct consumer *c)
{
	const char *const settings[][2] = {
		{"bootstrap.servers", c->given[KAFKA]},
		{"security.protocol", "ssl"},
		{"ssl.ca.location", c->given[CA]},
		{"ssl.certificate.location", c->given[CERT]},
		{"ssl.key.location", c->given[KEY]},
		{"isolation.level", "read_committed"}, /* what was aborted was never shared */
		{"group.id", "police-not-used"},       /* librdkafka asks after it even where nothing joins */
		{"enable.auto.commit", "false"},
		{"auto.offset.reset", "earliest"},
		{"enable.partition.eof", "true"},
		{"log_level", "0"},
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], c->trouble, sizeof c->trouble) !=
			RD_KAFKA_CONF_OK) {
			rd_kafka_conf_destroy(conf);
			return false;
		}
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_opaque(conf, c);
	c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, c->trouble, sizeof c->trouble);
	if (!c->rk) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	c->trouble[0] = 0;
	rd_kafka_poll_set_consumer(c->rk);
	c->queue = rd_kafka_queue_get_consumer(c->rk);
	return true;
}

static int64_t position(struct consumer *c, int32_t partition)
{
	sqlite3_stmt *s = store_at(c, POSITION_GET, partition);
	int64_t next = store_row(c, s) ? sqlite3_column_int64(s, 0) : RD_KAFKA_OFFSET_BEGINNING;

	sqlite3_reset(s);
	return next;
}

/* Take all partitions, as soon as a broker says which there are. */
static void assign(struct consumer *c)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(c->rk, c->given[TOPIC], NULL);
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_partition_list_t *list;

	rd_kafka_poll(c->rk, 0); /* lets on_error be called */
	if (topic && !rd_kafka_metadata(c->rk, 0, topic, &metadata, 2000)) {
		if (metadata->topics[0].err)
			snprintf(c->trouble, sizeof c->trouble, "%s: %s", c->given[TOPIC],
				rd_kafka_err2str(metadata->topics[0].err));
		else if (metadata->topics[0].partition_cnt <= PARTITIONS_MAX)
			c->partitions = metadata->topics[0].partition_cnt;
		else
			snprintf(
				c->trouble, sizeof c->trouble, "%s has too many partitions", c->given[TOPIC]);
		rd_kafka_metadata_destroy(metadata);
	}
	if (topic)
		rd_kafka_topic_destroy(topic);
	if (c->partitions == 0)
		return;
	list = rd_kafka_topic_partition_list_new(c->partitions);
	for (int32_t p = 0; p < c->partitions; p++)
		rd_kafka_topic_partition_list_add(list, c->given[TOPIC], p)->offset = position(c, p);
	rd_kafka_assign(c->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static bool at_end(const struct consumer *c)
{
	for (int i = 0; i < c->partitions; i++)
		if (!c->ended[i])
			return false;
	return c->partitions > 0;
}

static void take_event(struct consumer *c, const rd_kafka_message_t *m)
{
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		c->ended[m->partition] = true;
	} else if (m->err) {
		snprintf(c->trouble, sizeof c->trouble, "%s", rd_kafka_message_errstr(m));
	} else {
		c->ended[m->partition] = false;
		take(c, m);
	}
}

/* All of what came within a second is taken, or nothing of it. */
static void take_batch(struct consumer *c)
{
	rd_kafka_message_t *batch[BATCH];
	ssize_t n = rd_kafka_consume_batch_queue(c->queue, 1000, batch, BATCH);

	if (n <= 0)
		return;
	store_run(c, c->statements[BEGIN]);
	for (ssize_t i = 0; i < n; i++) {
		take_event(c, batch[i]);
		rd_kafka_message_destroy(batch[i]);
	}
	if (!c->trouble[0])
		store_run(c, c->statements[COMMIT]); /* else it is rolled back when the store is closed */
}

/* Whether all that was given is there, or has been told to be missing. */
static bool settled(struct consumer *c)
{
	sqlite3_stmt *s = store_at(c, BEHIND, c->partitions);
	int64_t lacking = 0;
	bool tell;

	if (!at_end(c)) {
		c->behind_since = 0;
		return false;
	}
	while (store_row(c, s))
		lacking += sqlite3_column_int64(s, 2) - sqlite3_column_int64(s, 1);
	if (lacking == 0 || c->behind_since == 0)
		c->behind_since = lacking == 0 ? 0 : time(NULL);
	tell = lacking != 0 && lacking != c->behind_told && time(NULL) - c->behind_since > SETTLE_S;
	sqlite3_reset(s);
	while (tell && store_row(c, s)) {
		c->counts[BEHIND_END]++;
		say("BEHIND: %s: %s: sequence is %" PRId64 ", the partitions have %" PRId64, c->given[TOPIC],
			(const char *)sqlite3_column_text(s, 0), (int64_t)sqlite3_column_int64(s, 2),
			(int64_t)sqlite3_column_int64(s, 1));
	}
	sqlite3_reset(s);
	if (tell || lacking == 0)
		c->behind_told = lacking;
	return lacking == c->behind_told;
}

static enum exit_code consume(struct consumer *c)
{
	enum exit_code code = WHOLE;

	delete_expired(c); /* before anything else: this may have been down for days */
	while (!stop && !c->trouble[0]) {
		if (c->partitions == 0)
			assign(c);
		else
			take_batch(c);
		if (!c->trouble[0])
			delete_expired(c);
		if (settled(c) && c->until_end)
			break;
	}
	for (size_t i = 0; i < COUNTS; i++) {
		fprintf(stderr, "%s%" PRIu64 " %s", i ? "; " : "", c->counts[i], count_names[i]);
		if (i >= MISSING && c->counts[i] > 0)
			code = FAULTS;
	}
	fputc('\n', stderr);
	return code;
}

static bool parse(struct consumer *c, int argc, char **argv)
{
	static const struct option options[] = {{"kafka", required_argument, NULL, KAFKA},
		{"ca", required_argument, NULL, CA}, {"cert", required_argument, NULL, CERT},
		{"key", required_argument, NULL, KEY}, {"topic", required_argument, NULL, TOPIC},
		{"store", required_argument, NULL, STORE}, {"until-end", no_argument, NULL, 'u'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	bool whole = true;
	int o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (o == 'h') {
			fputs(usage, stdout);
			exit(WHOLE);
		}
		if (o == 'u')
			c->until_end = true;
		else if (o < OPTIONS)
			c->given[o] = optarg;
		else
			return false;
	}
	for (o = 0; o < OPTIONS; o++)
		whole &= c->given[o] != NULL;
	return whole && optind == argc;
}

int main(int argc, char **argv)
{
	struct consumer c = {0};
	enum exit_code code = CANNOT;

	if (!parse(&c, argc, argv)) {
		fputs(usage, stderr);
		return USAGE;
	}
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_signal}, NULL);
	sigaction(SIGINT, &(struct sigaction){.sa_handler = on_signal}, NULL);
	if (store_open(&c) && topic_open(&c))
		code = consume(&c);
	if (c.trouble[0]) {
		say("cannot go on: %s", c.trouble);
		code = CANNOT;
	}
	if (c.rk) {
		rd_kafka_queue_destroy(c.queue);
		rd_kafka_consumer_close(c.rk);
		rd_kafka_destroy(c.rk);
	}
	store_close(&c);
	return code;
}

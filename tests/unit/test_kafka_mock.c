/* SPDX-License-Identifier: Apache-2.0
 *
 * Producers and readers against librdkafka's own pretended cluster, which gives any error on demand: what is
 * said of a transaction after each.
 */
#include "tests/unit/test_kafka.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/producer.h"
#include "gateway/kafka/reader.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { PRODUCE = 0, LIST_OFFSETS = 2, INIT = 22, ADD_PARTITIONS = 24, END = 26 };

static rd_kafka_t *handle;
static rd_kafka_mock_cluster_t *mock;
static struct kafka_config config;

static void setup(void)
{
	char words[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set(conf, "log_level", "0", words, sizeof words);
	handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof words);
	ck_assert_ptr_nonnull(handle);
	mock = rd_kafka_mock_cluster_new(handle, 1);
	ck_assert(!rd_kafka_mock_topic_create(mock, "reads", 4, 1));
	ck_assert(!rd_kafka_mock_topic_create(mock, "ledger", 1, 1));
	config =
		(struct kafka_config){.brokers = rd_kafka_mock_cluster_bootstraps(mock), .client_id = "test"};
}

static void teardown(void)
{
	rd_kafka_mock_cluster_destroy(mock);
	rd_kafka_destroy(handle);
}

static const char *const topics[] = {"reads", "ledger", NULL};

static struct status fill(struct producer *p)
{
	static uint8_t value[2000];

	TRY(producer_begin(p, NULL));
	for (int i = 0; i < 20; i++) {
		struct producer_message m = {.topic = i ? "reads" : "ledger",
			.partition = i % 4,
			.key = span_text("k"),
			.value = span_of(value, sizeof value)};

		TRY(producer_send(p, &m, NULL));
	}
	return S_OK;
}

static struct status until_done(
	struct status (*slice)(struct producer *, int, struct error *), struct producer *p, int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	struct status status;

	do
		status = slice(p, 20, NULL);
	while (status.kind == STATUS_WAIT && clock_monotonic_ms() < until);
	return status;
}

/* An error that the cluster gives `times` times to requests of one kind, and what is then said at which
 * point. */
static const struct {
	const char *name;
	int16_t api;
	rd_kafka_resp_err_t error;
	size_t times;
	enum status_kind init, filled, committed;
} rows[] = {
	{"no error", END, 0, 0, STATUS_OK, STATUS_OK, STATUS_OK},
	{"the id is not ours", INIT, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 1,
		STATUS_REFUSED, 0, 0},
	{"nothing is ours", INIT, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, 1, STATUS_REFUSED, 0, 0},
	{"fenced at once", INIT, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, 1, STATUS_REFUSED, 0, 0},
	{"the time-out is refused", INIT, RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, 1, STATUS_REFUSED, 0,
		0},
	{"a transaction in flight", INIT, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, 2, STATUS_OK, STATUS_OK,
		STATUS_OK},
	{"the topic is not ours", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1, STATUS_OK,
		STATUS_RETRY, 0},
	{"fenced before the first record", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, 1,
		STATUS_OK, STATUS_REFUSED, 0},
	{"forgotten before the first record", ADD_PARTITIONS, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
		1, STATUS_OK, STATUS_RETRY, 0},
	{"a record refused", PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1, STATUS_OK,
		STATUS_REFUSED, 0},
	{"a record too large", PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1, STATUS_OK, STATUS_RETRY, 0},
	{"a leader that moved", PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2, STATUS_OK, STATUS_OK,
		STATUS_OK},
	{"fenced at the commit", END, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, 1, STATUS_OK, STATUS_OK,
		STATUS_FAULT},
	{"fenced at the commit, newer word", END, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, 1, STATUS_OK, STATUS_OK,
		STATUS_FAULT},
	{"no such transaction", END, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, 1, STATUS_OK, STATUS_OK,
		STATUS_FAULT},
	{"forgotten at the commit", END, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, 1, STATUS_OK,
		STATUS_OK, STATUS_FAULT},
	{"an error nobody knows", END, RD_KAFKA_RESP_ERR_UNKNOWN, 1, STATUS_OK, STATUS_OK, STATUS_FAULT},
	{"not allowed at the commit", END, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 1,
		STATUS_OK, STATUS_OK, STATUS_FAULT},
	{"a coordinator that moves", END, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, 2, STATUS_OK,
		STATUS_OK, STATUS_OK},
	{"a coordinator that loads", END, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 2, STATUS_OK,
		STATUS_OK, STATUS_OK},
};

START_TEST(says_what_is_known)
{
	rd_kafka_resp_err_t errors[4] = {rows[_i].error, rows[_i].error, rows[_i].error, rows[_i].error};
	struct producer *p = NULL;
	struct status status;

	if (rows[_i].api == INIT)
		rd_kafka_mock_push_request_errors_array(mock, INIT, rows[_i].times, errors);
	status = producer_fence(&config, "anpr-test", topics, 5000, &p, NULL);
	ck_assert_msg(status.kind == rows[_i].init, "%s: init %d", rows[_i].name, status.kind);
	ck_assert((p != NULL) == (status.kind == STATUS_OK));
	if (!p)
		return;
	if (rows[_i].api != INIT)
		rd_kafka_mock_push_request_errors_array(mock, rows[_i].api, rows[_i].times, errors);
	status = fill(p);
	if (ok(status))
		status = until_done(producer_flush, p, 8000);
	ck_assert_msg(status.kind == rows[_i].filled, "%s: filled %d %s", rows[_i].name, status.kind,
		producer_error_word(p));
	if (ok(status)) {
		status = until_done(producer_commit, p, 8000);
		ck_assert_msg(status.kind == rows[_i].committed, "%s: committed %d %s", rows[_i].name,
			status.kind, producer_error_word(p));
	}
	/* One life: after anything but OK it can only be closed. */
	ck_assert_int_eq(ok(producer_begin(p, NULL)), ok(status));
	producer_abort(p, 1000);
	ck_assert(!ok(producer_begin(p, NULL)));
	producer_close(p);
}
END_TEST

/* Each hedge asks anew at once; librdkafka alone would have waited half a second twice. */
START_TEST(hedges)
{
	struct producer *p = NULL;
	int64_t begun = clock_monotonic_ms();

	rd_kafka_mock_push_request_errors(mock, INIT, 2, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
		RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
	ck_assert(ok(producer_fence(&config, "anpr-test", topics, 5000, &p, NULL)));
	ck_assert_int_lt(clock_monotonic_ms() - begun, 900);
	ck_assert_int_eq(producer_partitions(p, "reads"), 4);
	producer_close(p);
}
END_TEST

/* A commit whose answer is slow: slices stay slices, and nothing else may be called meanwhile. */
START_TEST(slow_commit)
{
	struct producer *p = NULL;
	int waits = 0;
	struct status status;

	ck_assert(ok(producer_fence(&config, "anpr-test", topics, 5000, &p, NULL)));
	ck_assert(ok(fill(p)) && ok(until_done(producer_flush, p, 5000)));
	rd_kafka_mock_broker_push_request_error_rtts(mock, 1, END, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 600);
	while ((status = producer_commit(p, 20, NULL)).kind == STATUS_WAIT) {
		ck_assert(!ok(producer_begin(p, NULL)));
		ck_assert(!ok(producer_flush(p, 0, NULL)));
		waits++;
	}
	ck_assert(ok(status));
	ck_assert_int_gt(waits, 5);
	ck_assert(ok(producer_begin(p, NULL)));
	producer_close(p);
}
END_TEST

/* Away for the whole of a transaction: the values are the caller's again when close returns. */
START_TEST(broker_away)
{
	struct producer *p = NULL;
	int64_t begun;

	ck_assert(ok(producer_fence(&config, "anpr-test", topics, 5000, &p, NULL)));
	rd_kafka_mock_broker_set_down(mock, 1);
	ck_assert(ok(fill(p)));
	ck_assert_int_eq(producer_commit(p, 100, NULL).kind, STATUS_WAIT);
	begun = clock_monotonic_ms();
	producer_abort(p, 200);
	producer_close(p);
	ck_assert_int_lt(clock_monotonic_ms() - begun, 5000);
}
END_TEST

static struct status count(void *context, const struct kafka_record *record)
{
	(void)record;
	++*(int *)context;
	return S_OK;
}

static struct status stop(void *context, const struct kafka_record *record)
{
	(void)context;
	return record->offset == 0 ? S_REFUSED : S_OK;
}

START_TEST(reads_to_end)
{
	struct producer *p = NULL;
	struct watermarks *ends = watermarks_new(&config, false);
	int64_t oldest, newest, next = -1;
	int n = 0;

	ck_assert_ptr_nonnull(ends);
	ck_assert(ok(reader_to_end(
		&config, &(struct reading){"ledger", 0, READER_OLDEST, count, &n}, 5000, &next, NULL)));
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(next, 0);
	ck_assert(ok(producer_fence(&config, "anpr-test", topics, 5000, &p, NULL)));
	ck_assert(ok(fill(p)) && ok(until_done(producer_commit, p, 5000)));
	producer_close(p);
	ck_assert(ok(watermarks_of(ends, "ledger", 0, 5000, &oldest, &newest, NULL)));
	watermarks_free(ends);
	if (newest > 1)
		return; /* newer pretended clusters write markers without a checksum, which a reader rightly
			   refuses */
	ck_assert_int_eq(newest, 1);
	ck_assert(
		ok(reader_to_end(&config, &(struct reading){"ledger", 0, 0, count, &n}, 5000, &next, NULL)));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(next, newest);
	ck_assert_int_eq(
		reader_to_end(&config, &(struct reading){"ledger", 0, 0, stop, NULL}, 5000, &next, NULL).kind,
		STATUS_REFUSED);
	ck_assert_int_eq(next, 0);
	ck_assert_int_eq(reader_to_end(&config, &(struct reading){"ledger", 0, newest + 1, count, &n}, 5000,
				 &next, NULL)
				 .kind,
		STATUS_BAD_INPUT);
	ck_assert(ok(reader_to_end(
		&config, &(struct reading){"ledger", 0, READER_NEWEST, count, &n}, 5000, &next, NULL)));
	ck_assert_int_eq(n, 1);
}
END_TEST

static const struct {
	const char *name;
	struct kafka_config config;
} unusable[] = {
	{"no brokers", {.brokers = NULL}},
	{"empty brokers", {.brokers = ""}},
	{"a key without a certificate", {.brokers = "127.0.0.1:1", .ca_pem = "x", .key_pem = "x"}},
	{"texts that are no PEM", {.brokers = "127.0.0.1:1", .ca_pem = "x", .cert_pem = "x", .key_pem = "x"}},
};

START_TEST(refuses_config)
{
	struct producer *p = NULL;
	struct reader *r = NULL;
	struct error e = {0};

	ck_assert_int_eq(producer_open(&unusable[_i].config, "anpr-test", &p, &e).kind, STATUS_BAD_INPUT);
	ck_assert_uint_gt(e.n, 0);
	ck_assert_int_eq(reader_open(&unusable[_i].config, "t", 0, 0, &r, &e).kind, STATUS_BAD_INPUT);
	ck_assert(!p && !r);
	error_free(&e);
}
END_TEST

TCase *case_mock(void)
{
	TCase *tests = tcase_create("mock");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, says_what_is_known, 0, ROWS(rows));
	tcase_add_test(tests, hedges);
	tcase_add_test(tests, slow_commit);
	tcase_add_test(tests, broker_away);
	tcase_add_test(tests, reads_to_end);
	tcase_add_loop_test(tests, refuses_config, 0, ROWS(unusable));
	return tests;
}

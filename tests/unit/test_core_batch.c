/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources' frames into batches, over real socket pairs: fair, bounded, and whoever sends nonsense is cut off
 * alone.
 */
#include "gateway/core/publisher_internal.h"
#include "tests/unit/test_core.h"

#include "anpr/v1/frame.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOURCES = 3 };

/* A publisher with partners, as far as gathering needs one, and the far ends of their sockets. */
static struct publisher *p;
static struct channel sources[SOURCES];

static void attach(int i)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	partner_attach(p->partners[i], fds[0]);
	channel_init(&sources[i], fds[1], FRAME_READ_BATCH_MAX);
	p->partners[i]->epoch = 5;
	p->partners[i]->started = true;
}

static void setup(void)
{
	p = calloc(1, sizeof *p);
	p->partners = calloc(SOURCES, sizeof *p->partners);
	p->n_partners = SOURCES;
	p->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->next = &p->batches[0];
	batch_reset(p->next);
	for (int i = 0; i < SOURCES; i++) {
		char id[16];

		snprintf(id, sizeof id, "partner-%d", i);
		ck_assert(ok(partner_new(id, 2000, &p->partners[i])));
		attach(i);
	}
}

static void teardown(void)
{
	for (int i = 0; i < SOURCES; i++) {
		partner_free(p->partners[i]);
		if (sources[i].fd >= 0)
			channel_fini(&sources[i]);
	}
	arena_free(&p->batches[0].arena);
	arena_free(&p->batches[1].arena);
	close(p->wake_fd);
	free(p->partners);
	free(p);
}

/* A batch of n reads numbered from `first`, the last one's cursor with it. */
static void encode_reads(uint64_t epoch, size_t first, size_t n, uint64_t rejected, struct buffer *out)
{
	struct read *reads = calloc(n + 1, sizeof *reads);
	char(*ids)[32] = calloc(n + 1, sizeof *ids);
	struct read_batch batch = {.epoch = epoch, .reads = reads, .n = n};

	for (size_t i = 0; i < n; i++) {
		snprintf(ids[i], sizeof ids[i], "%zu", first + i);
		reads[i] = (struct read){.read_id = span_text(ids[i]),
			.cursor = span_text(ids[i]),
			.camera_id = span_text("C1"),
			.vrm = span_text("AB12CDE"),
			.kind = READ_KIND_VRM,
			.captured_at = {1793534400000}};
		batch.cursor = reads[i].cursor;
	}
	batch.rejected[REJECTION_BAD_FIELD] = rejected;
	ck_assert(ok(read_batch_encode(&batch, out)));
	free(reads);
	free(ids);
}

static struct status send_reads(int source, uint64_t epoch, size_t first, size_t n, uint64_t rejected)
{
	struct buffer bytes = {0};
	struct status status;

	encode_reads(epoch, first, n, rejected, &bytes);
	status = channel_send(&sources[source], FRAME_READ_BATCH, buffer_span(&bytes), -1);
	buffer_free(&bytes);
	return status;
}

static struct status send_report(int source, int state, const char *detail, bool gap, uint64_t epoch)
{
	Anpr__V1__SourceReport m = ANPR__V1__SOURCE_REPORT__INIT;
	uint8_t bytes[1024];

	m.state = (Anpr__V1__SourceState)state;
	m.detail = (char *)(uintptr_t)detail;
	m.gap = gap;
	m.epoch = epoch;
	ck_assert_uint_le(anpr__v1__source_report__get_packed_size(&m), sizeof bytes);
	return channel_send(&sources[source], FRAME_SOURCE_REPORT,
		span_of(bytes, anpr__v1__source_report__pack(&m, bytes)), -1);
}

static size_t reads_of(int partner)
{
	size_t n = 0;

	for (const struct batch_part *part = p->next->first; part; part = part->next)
		n += part->partner == p->partners[partner] ? part->reads.n : 0;
	return n;
}

/* All that was sent: gathering stops for more reasons than one. */
static void gather_all(void)
{
	for (int i = 0; i < 10; i++)
		batch_gather(p, p->next, 3);
}

/* --- what is taken --- */

START_TEST(reads_come_in_order)
{
	size_t next = 1;

	for (size_t i = 0; i < 5; i++)
		ck_assert(ok(send_reads(0, 5, 1 + i * 100, 100, i == 2)));
	ck_assert(ok(send_reads(1, 5, 1, 7, 0)));
	gather_all();
	ck_assert_uint_eq(p->next->n_reads, 507);
	ck_assert_uint_eq(reads_of(1), 7);
	for (const struct batch_part *part = p->next->first; part; part = part->next)
		for (size_t i = 0; part->partner == p->partners[0] && i < part->reads.n; i++)
			ck_assert_int_eq(atoi((const char *)part->reads.reads[i].read_id.p), (int)next++);
	ck_assert_uint_eq(next, 501);
	ck_assert_str_eq(p->partners[0]->gathered, "500");
	ck_assert_str_eq(p->partners[1]->gathered, "7");
	ck_assert_str_eq(p->partners[0]->cursor, "");
}
END_TEST

START_TEST(rejections_alone_are_worth_a_part)
{
	ck_assert(ok(send_reads(0, 5, 0, 0, 3)));
	batch_gather(p, p->next, 20);
	ck_assert_ptr_nonnull(p->next->first);
	ck_assert_uint_eq(p->next->first->reads.rejected[REJECTION_BAD_FIELD], 3);
	ck_assert_uint_eq(p->next->n_reads, 0);
}
END_TEST

/* What was sent before the newest start will come again. */
START_TEST(older_epochs_are_passed_over)
{
	ck_assert(ok(send_reads(0, 4, 1, 10, 0)));
	ck_assert(ok(send_reads(0, 6, 1, 10, 0)));
	ck_assert(ok(send_reads(0, 5, 0, 0, 0)));
	batch_gather(p, p->next, 20);
	ck_assert_ptr_null(p->next->first);
	ck_assert_str_eq(p->partners[0]->gathered, "");
	ck_assert_int_ge(p->partners[0]->channel.fd, 0);
}
END_TEST

/* Told to stop, it had this on the way: it counts, but where to go on is not moved by it. */
START_TEST(a_stopped_sources_reads_count)
{
	p->partners[0]->started = false;
	snprintf(p->partners[0]->gathered, sizeof p->partners[0]->gathered, "here");
	ck_assert(ok(send_reads(0, 5, 1, 10, 0)));
	batch_gather(p, p->next, 20);
	ck_assert_uint_eq(p->next->n_reads, 10);
	ck_assert_str_eq(p->partners[0]->gathered, "here");
}
END_TEST

/* One that sends without end does not keep the others out, and takes no more than a batch. */
START_TEST(everybody_has_a_turn)
{
	size_t sent = 0, held;

	while (ok(send_reads(0, 5, sent, 500, 0)) && sent < 50000)
		sent += 500;
	ck_assert(ok(send_reads(2, 5, 1, 50, 0)));
	for (int i = 0; i < 100 && !batch_full(p->next); i++) {
		(void)!ok(channel_flush(&sources[0]));
		batch_gather(p, p->next, 5);
		while (sent < 50000 && ok(send_reads(0, 5, sent, 500, 0)))
			sent += 500;
	}
	ck_assert(batch_full(p->next));
	ck_assert_uint_eq(reads_of(2), 50);
	held = p->next->n_reads;
	ck_assert_uint_ge(held, BATCH_READS_MAX);
	ck_assert_uint_lt(held, BATCH_READS_MAX + 1500);
	batch_gather(p, p->next, 5); /* full: nothing more is taken */
	ck_assert_uint_eq(p->next->n_reads, held);
}
END_TEST

START_TEST(somebody_woken_does_not_wait)
{
	int64_t before = clock_monotonic_ms();
	uint64_t one = 1;

	ck_assert_int_eq(write(p->wake_fd, &one, sizeof one), sizeof one);
	batch_gather(p, p->next, 3000);
	ck_assert_int_lt(clock_monotonic_ms() - before, 2000);
	before = clock_monotonic_ms();
	batch_gather(p, p->next, 60); /* and only once */
	ck_assert_int_ge(clock_monotonic_ms() - before, 55);
}
END_TEST

/* A batch waits for more no longer than its own time, so its first part is told at once. */
START_TEST(the_first_part_is_told_at_once)
{
	int64_t before = clock_monotonic_ms();

	ck_assert(ok(send_reads(0, 5, 1, 10, 0)));
	batch_gather(p, p->next, 3000);
	ck_assert_int_lt(clock_monotonic_ms() - before, 2000);
	ck_assert_uint_eq(p->next->n_reads, 10);
	ck_assert(ok(send_reads(0, 5, 11, 10, 0)));
	before = clock_monotonic_ms();
	batch_gather(p, p->next, 60);
	ck_assert_int_ge(clock_monotonic_ms() - before, 55);
	ck_assert_uint_eq(p->next->n_reads, 20);
}
END_TEST

/* --- what is given up --- */

START_TEST(a_partners_parts_are_forgotten)
{
	for (int i = 0; i < 9; i++)
		ck_assert(ok(send_reads(i % 3, 5, 1, 10, 0)));
	gather_all();
	ck_assert_uint_eq(p->next->n_reads, 90);
	batch_forget(p->next, p->partners[1]);
	ck_assert_uint_eq(p->next->n_reads, 60);
	ck_assert_uint_eq(reads_of(0) + reads_of(2), 60);
	ck_assert(ok(send_reads(1, 5, 1, 4, 0)));
	gather_all();
	ck_assert_uint_eq(p->next->n_reads, 64);
	batch_forget(p->next, p->partners[0]);
	batch_forget(p->next, p->partners[2]);
	batch_forget(p->next, p->partners[1]);
	ck_assert_uint_eq(p->next->n_reads, 0);
	ck_assert_ptr_null(p->next->first);
	ck_assert(ok(send_reads(0, 5, 1, 3, 0)));
	gather_all();
	ck_assert_uint_eq(reads_of(0), 3);
}
END_TEST

/* More frames than a batch has room for, none of which belongs into one: there is still room for what does.
 */
static void fill_up(bool stale)
{
	struct buffer bytes = {0};
	size_t sent = 0;

	encode_reads(stale ? 4 : 5, 1, 500, 0, &bytes);
	for (int i = 0; i < 20000 && sent < 2 * (size_t)BATCH_BYTES_MAX; i++) {
		if (ok(channel_send(&sources[0], FRAME_READ_BATCH, buffer_span(&bytes), -1)))
			sent += bytes.n;
		batch_gather(p, p->next, 0);
		if (!stale)
			batch_forget(p->next, p->partners[0]);
	}
	buffer_free(&bytes);
	ck_assert_uint_ge(sent, 2 * (size_t)BATCH_BYTES_MAX);
	ck_assert_ptr_null(p->next->first);
	ck_assert(ok(send_reads(1, 5, 1, 10, 0)));
	for (int i = 0; i < 100; i++) {
		(void)!ok(channel_flush(&sources[0]));
		batch_gather(p, p->next, 1);
		batch_forget(p->next, p->partners[0]);
	}
	ck_assert_uint_eq(reads_of(1), 10);
}

START_TEST(stale_reads_do_not_clog)
{
	fill_up(true);
}
END_TEST

START_TEST(forgotten_reads_do_not_clog)
{
	fill_up(false);
}
END_TEST

/* --- hostile sources --- */

static atomic_bool flood_over;

/* Reports of two bytes, many in one write(2): faster sent than taken. */
static void *flood(void *unused)
{
	static const uint8_t report[] = {2, 0, 0, 0, FRAME_SOURCE_REPORT, 0, 0, 0, 8, 3};
	static uint8_t many[20000 * sizeof report];
	size_t at = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof many; i += sizeof report)
		memcpy(many + i, report, sizeof report);
	while (!atomic_load(&flood_over)) {
		ssize_t n = send(sources[0].fd, many + at, sizeof many - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		at = n > 0 ? (at + (size_t)n) % sizeof many : at;
	}
	return NULL;
}

/* Reports fill no batch, so nothing but the time ends the taking of them. */
START_TEST(a_flood_of_reports_stops_nobody)
{
	pthread_t thread;
	int64_t before;

	atomic_store(&flood_over, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, flood, NULL), 0);
	clock_sleep_ms(20);
	ck_assert(ok(send_reads(1, 5, 1, 10, 0)));
	before = clock_monotonic_ms();
	batch_gather(p, p->next, 50);
	ck_assert_int_lt(clock_monotonic_ms() - before, 3000);
	ck_assert_uint_eq(reads_of(1), 10);
	atomic_store(&flood_over, true);
	pthread_join(thread, NULL);
}
END_TEST

static void nothing_said(void)
{
	channel_fini(&sources[0]);
	sources[0].fd = -1;
}

static void not_a_message(void)
{
	ck_assert(ok(channel_send(&sources[0], FRAME_READ_BATCH, span_text("\xff\xff\xff\xff"), -1)));
}

static void not_a_report(void)
{
	ck_assert(ok(channel_send(&sources[0], FRAME_SOURCE_REPORT, span_text("\xff\xff\xff\xff"), -1)));
}

static void anothers_frame(void)
{
	ck_assert(ok(channel_send(&sources[0], FRAME_ADMIN_REQUEST, span_text(""), -1)));
}

static void unknown_frame(void)
{
	ck_assert_int_eq(write(sources[0].fd, "\0\0\0\0\x63\0\0\0", 8), 8);
}

static void endless_frame(void)
{
	ck_assert_int_eq(write(sources[0].fd, "\xff\xff\xff\xff\x05\0\0\0", 8), 8);
}

static void bad_cursor(void)
{
	Anpr__V1__ReadBatch m = ANPR__V1__READ_BATCH__INIT;
	uint8_t bytes[64];

	m.epoch = 5;
	m.cursor = "c\r\nX-Injected: 1";
	ck_assert(ok(channel_send(
		&sources[0], FRAME_READ_BATCH, span_of(bytes, anpr__v1__read_batch__pack(&m, bytes)), -1)));
}

static void loose_words(void)
{
	ck_assert(ok(send_report(0, 3, "AB12\x1b[31mCDE", false, 5)));
}

static void long_words(void)
{
	char words[600];

	memset(words, 'x', sizeof words - 1);
	words[sizeof words - 1] = 0;
	ck_assert(ok(send_report(0, 3, words, false, 5)));
}

static void unknown_state(void)
{
	ck_assert(ok(send_report(0, 99, "", false, 5)));
}

static void (*const nonsense[])(void) = {nothing_said, not_a_message, not_a_report, anothers_frame,
	unknown_frame, endless_frame, bad_cursor, loose_words, long_words, unknown_state};

START_TEST(nonsense_ends_its_source_alone)
{
	ck_assert(ok(send_reads(1, 5, 1, 10, 0)));
	nonsense[_i]();
	gather_all();
	ck_assert_int_eq(p->partners[0]->channel.fd, -1);
	ck_assert(!p->partners[0]->started);
	ck_assert_uint_eq(reads_of(0), 0);
	ck_assert_str_eq(p->partners[0]->detail, "");
	ck_assert_uint_eq(reads_of(1), 10);
	ck_assert_int_ge(p->partners[1]->channel.fd, 0);
}
END_TEST

START_TEST(a_report_is_kept)
{
	ck_assert(ok(send_report(0, 4, "connection refused", true, 4)));
	batch_gather(p, p->next, 20);
	ck_assert_str_eq(p->partners[0]->detail, "connection refused");
	ck_assert_uint_eq(p->partners[0]->source_state, 4);
	ck_assert_int_eq(
		p->partners[0]->gap, ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED); /* of an older start */
	ck_assert(ok(send_report(0, 3, "", true, 5)));
	batch_gather(p, p->next, 20);
	ck_assert_int_eq(p->partners[0]->gap, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE);
	ck_assert_int_ge(p->partners[0]->gap_from_ms, clock_now().v - 60000); /* nothing had come before */
}
END_TEST

START_TEST(a_gap_begins_with_the_last_arrival)
{
	p->partners[0]->newest_arrival_ms = 1234567;
	ck_assert(ok(send_report(0, 3, "", true, 5)));
	batch_gather(p, p->next, 20);
	ck_assert_int_eq(p->partners[0]->gap_from_ms, 1234567);
}
END_TEST

TCase *case_batch(void)
{
	TCase *c = tcase_create("batch");
	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, reads_come_in_order);
	tcase_add_test(c, rejections_alone_are_worth_a_part);
	tcase_add_test(c, older_epochs_are_passed_over);
	tcase_add_test(c, a_stopped_sources_reads_count);
	tcase_add_test(c, everybody_has_a_turn);
	tcase_add_test(c, somebody_woken_does_not_wait);
	tcase_add_test(c, the_first_part_is_told_at_once);
	tcase_add_test(c, a_partners_parts_are_forgotten);
	tcase_add_test(c, stale_reads_do_not_clog);
	tcase_add_test(c, forgotten_reads_do_not_clog);
	tcase_add_test(c, a_flood_of_reports_stops_nobody);
	tcase_add_loop_test(c, nonsense_ends_its_source_alone, 0, ROWS(nonsense));
	tcase_add_test(c, a_report_is_kept);
	tcase_add_test(c, a_gap_begins_with_the_last_arrival);
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's counting against a plain count, and what its source is told.
 */
#include "gateway/core/partner.h"
#include "tests/unit/test_core.h"

#include "anpr/v1/frame.pb-c.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct partner *new_partner(void)
{
	struct partner *p;

	ck_assert(ok(partner_new("tfl-ulez", 2000, &p)));
	return p;
}

/* --- counting --- */

enum { CAMERAS = 50 };

static struct camera cameras[CAMERAS];

static void name_cameras(void)
{
	for (uint32_t i = 0; i < CAMERAS; i++) {
		cameras[i].index = i;
		ck_assert_int_gt(asprintf(&cameras[i].id, "CAM-%03u", i), 0);
	}
}

static void free_cameras(void)
{
	for (uint32_t i = 0; i < CAMERAS; i++)
		free(cameras[i].id);
}

/* The plain count: by camera, the last for the unregistered. */
struct plain {
	uint64_t received[CAMERAS + 1], permitted[CAMERAS + 1], denied[REASON_COUNT], published, dropped;
};

static void count_one(struct partner *p, struct plain *plain, uint64_t *state)
{
	uint32_t camera = next_random(state) % (CAMERAS + 1);
	struct decision d = {.camera = camera < CAMERAS ? &cameras[camera] : NULL};

	if (camera < CAMERAS && next_random(state) % 2) {
		d.verdict = VERDICT_PERMIT;
		d.n = 1 + next_random(state) % FEEDS_MAX;
		d.class_dropped = next_random(state) % 2;
	} else {
		d.reason = (enum reason)(1 + next_random(state) % (REASON_COUNT - 1));
		plain->denied[d.reason]++;
	}
	plain->received[camera]++;
	plain->permitted[camera] += d.verdict == VERDICT_PERMIT;
	plain->published += d.n;
	plain->dropped += d.class_dropped;
	partner_count(p, &d);
}

static void assert_totals(const struct totals *t, const struct plain *plain, bool with_cameras)
{
	uint64_t received = 0, permitted = 0;

	for (uint32_t i = 0; i <= CAMERAS; i++) {
		received += plain->received[i];
		permitted += plain->permitted[i];
	}
	ck_assert_uint_eq(t->received, received);
	ck_assert_uint_eq(t->permitted, permitted);
	ck_assert_uint_eq(t->published, plain->published);
	ck_assert_uint_eq(t->classes_dropped, plain->dropped);
	ck_assert_mem_eq(t->denied, plain->denied, sizeof plain->denied);
	ck_assert_uint_eq(t->received, t->permitted + totals_denied(t));
	for (size_t i = 0; with_cameras && i < t->n_cameras; i++) {
		const struct camera_count *c = &t->cameras[i];
		uint32_t camera = c->id[0] ? (uint32_t)atoi(c->id + 4) : CAMERAS;

		ck_assert_uint_eq(c->received, plain->received[camera]);
		ck_assert_uint_eq(c->permitted, plain->permitted[camera]);
		ck_assert_uint_eq(c->denied, c->received - c->permitted);
		received -= c->received;
	}
	ck_assert(!with_cameras || received == 0);
}

/* Transactions of random reads, a third of them aborted: only the committed ones are ever seen again. */
START_TEST(every_read_is_counted_once)
{
	struct partner *p = new_partner();
	struct plain ever = {0};
	uint64_t state = 23;

	name_cameras();
	for (int i = 0; i < 300; i++) {
		struct plain work = {0};
		int n = (int)(next_random(&state) % 40);

		/* Now and then another register, and once none at all. */
		ck_assert(ok(partner_work_begin(p, cameras, i == 7 ? 0 : CAMERAS)));
		for (int read = 0; read < n && i != 7; read++)
			count_one(p, &work, &state);
		for (int hash = 0; hash < n; hash++)
			ck_assert(ok(partner_permitted(p, (uint64_t)hash)));
		ck_assert(ok(partner_work_cameras(p)));
		ck_assert_uint_eq(p->n_permitted, (size_t)n);
		assert_totals(&p->work, &work, true);
		if (i % 3 == 1)
			continue;
		ck_assert(ok(partner_work_committed(p)));
		ck_assert(!p->in_hand);
		for (int c = 0; c <= CAMERAS; c++) {
			ever.received[c] += work.received[c];
			ever.permitted[c] += work.permitted[c];
		}
		for (int r = 0; r < REASON_COUNT; r++)
			ever.denied[r] += work.denied[r];
		ever.published += work.published;
		ever.dropped += work.dropped;
		assert_totals(&p->hour, &ever, true);
		assert_totals(&p->ever, &ever, false);
		ck_assert_uint_eq(p->ever.n_cameras, 0);
	}
	partner_free(p);
	free_cameras();
}
END_TEST

START_TEST(a_commit_moves_the_cursor)
{
	struct partner *p = new_partner();
	char longest[READ_CURSOR_MAX + 1];

	memset(longest, 'c', READ_CURSOR_MAX);
	longest[READ_CURSOR_MAX] = 0;
	ck_assert(ok(partner_work_begin(p, NULL, 0)));
	p->work_cursor = longest;
	ck_assert(ok(partner_work_committed(p)));
	ck_assert_str_eq(p->cursor, longest);
	ck_assert(ok(partner_work_begin(p, NULL, 0)));
	ck_assert(ok(partner_work_committed(p)));
	ck_assert_str_eq(p->cursor, longest); /* nothing came: it stays */
	partner_free(p);
}
END_TEST

static const struct gap_row {
	Anpr__V1__GapCause gap;
	int64_t off_since, received, want;
} gap_rows[] = {
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED, 0, 5, 0},
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED, 77, 0, 77}, /* still off */
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED, 77, 5, 0},  /* reads flow again */
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF, 0, 0, 99},
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF, 77, 0, 99},
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF, 0, 5, 0}, /* on again before it was told: reads of afterwards */
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF, 77, 5, 0},
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE, 0, 0, 0},
};

START_TEST(a_gap_is_told_once)
{
	const struct gap_row *row = &gap_rows[_i];
	struct partner *p = new_partner();

	p->gap = row->gap;
	p->gap_from_ms = 99;
	p->off_since_ms = row->off_since;
	ck_assert(ok(partner_work_begin(p, NULL, 0)));
	p->work.received = (uint64_t)row->received;
	ck_assert_int_eq(partner_off_since_after(p), row->want); /* as the head says it */
	ck_assert(ok(partner_work_committed(p)));
	ck_assert_int_eq(p->off_since_ms, row->want);
	ck_assert_int_eq(partner_off_since_after(p), row->want);
	ck_assert_int_eq(p->gap, ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED);
	partner_free(p);
}
END_TEST

/* The source may report one while the transaction that tells another, or none, is being committed. */
START_TEST(a_gap_reported_meanwhile_is_told_by_the_next)
{
	struct partner *p = new_partner();

	p->off_since_ms = 77;
	ck_assert(ok(partner_work_begin(p, NULL, 0)));
	p->gap = ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE;
	p->gap_from_ms = 99;
	ck_assert_int_eq(p->work_gap, ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED);
	ck_assert(ok(partner_work_committed(p)));
	ck_assert_int_eq(p->off_since_ms, 77);
	ck_assert_int_eq(p->gap, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE);
	ck_assert(ok(partner_work_begin(p, NULL, 0)));
	ck_assert_int_eq(p->work_gap, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE);
	ck_assert_int_eq(p->work_gap_from_ms, 99);
	ck_assert(ok(partner_work_committed(p)));
	ck_assert_int_eq(p->gap, ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED);
	partner_free(p);
}
END_TEST

static const struct {
	bool own;
	Anpr__V1__GapCause told;
	int64_t told_from_ms;
	Anpr__V1__GapCause want; /* of the one at hand: the cursor is gone, from 99 on */
} record_rows[] = {
	{true, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE, 99, ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED},
	{true, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE, 98, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE},
	{true, ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF, 99, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE},
	{true, ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED, 0, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE},
	{false, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE, 99, ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE},
};

/* A transaction that turns out committed tells the gap that it was begun with, not one reported since. */
START_TEST(a_record_found_later_takes_only_its_own_gap_away)
{
	Anpr__V1__PartnerRecord m = ANPR__V1__PARTNER_RECORD__INIT;
	Anpr__V1__Gap gap = ANPR__V1__GAP__INIT, *gaps[] = {&gap};
	struct partner *p = new_partner();

	p->gap = ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE;
	p->gap_from_ms = 99;
	gap.cause = record_rows[_i].told;
	gap.from_ms = record_rows[_i].told_from_ms;
	m.gaps = gaps;
	m.n_gaps = 1;
	ck_assert(ok(partner_take_record(p, &m, record_rows[_i].own)));
	ck_assert_int_eq(p->gap, record_rows[_i].want);
	ck_assert_int_eq(p->off_since_ms, gap.cause == ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF ? 99 : 0);
	partner_free(p);
}
END_TEST

static const struct rewind_row {
	Anpr__V1__GapCause gap;
	int64_t off_since;
	const char *want;
} rewind_rows[] = {
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED, 0, "committed"},
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_CURSOR_GONE, 0, "committed"},
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF, 0, ""},          /* an off not yet told */
	{ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED, 77, ""}, /* told, and nothing since */
};

/* A read kept by the partner from before an off is not asked for again. */
START_TEST(rewinding_goes_to_what_is_committed)
{
	struct partner *p = new_partner();

	snprintf(p->cursor, sizeof p->cursor, "committed");
	snprintf(p->gathered, sizeof p->gathered, "in memory only");
	p->started = true;
	p->epoch = 6;
	p->gap = rewind_rows[_i].gap;
	p->off_since_ms = rewind_rows[_i].off_since;
	partner_rewind(p);
	ck_assert_str_eq(p->gathered, rewind_rows[_i].want);
	ck_assert(!p->started);
	ck_assert_uint_eq(p->epoch, 7); /* what still comes of the old one is passed over */
	partner_free(p);
}
END_TEST

/* --- the source --- */

static void attach(struct partner *p, struct channel *source)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	partner_attach(p, fds[0]);
	channel_init(source, fds[1], FRAME_READ_BATCH_MAX);
}

static void assert_start(struct channel *source, uint64_t epoch, const char *after, int64_t since_ms)
{
	Anpr__V1__SourceStart *m;
	enum frame_type type;
	struct span body;

	ck_assert(ok(channel_receive(source, &type, &body)));
	ck_assert_int_eq(type, FRAME_SOURCE_START);
	m = anpr__v1__source_start__unpack(NULL, body.n, body.p);
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->epoch, epoch);
	ck_assert_str_eq(m->after, after);
	ck_assert_int_eq(m->since_ms, since_ms);
	anpr__v1__source_start__free_unpacked(m, NULL);
}

START_TEST(a_source_is_told_where_to_go_on)
{
	struct partner *p = new_partner();
	enum frame_type type;
	struct channel source;
	struct span body;

	partner_start(p); /* nobody there */
	partner_stop(p);
	ck_assert(!p->started);
	attach(p, &source);
	p->since_ms = 12345;
	partner_start(p);
	ck_assert(p->started);
	assert_start(&source, p->epoch, "", 12345);
	partner_stop(p);
	ck_assert(!p->started);
	ck_assert(ok(channel_receive(&source, &type, &body)));
	ck_assert_int_eq(type, FRAME_SOURCE_STOP);
	memset(p->gathered, 'c', READ_CURSOR_MAX);
	partner_start(p);
	assert_start(&source, p->epoch, p->gathered, 12345);
	ck_assert_uint_eq(p->epoch, 2); /* each start is one */
	ck_assert_int_eq(channel_receive(&source, &type, &body).kind, STATUS_WAIT);
	channel_fini(&source);
	partner_free(p);
}
END_TEST

START_TEST(a_source_that_died_is_detached)
{
	struct partner *p = new_partner();
	struct channel source;
	int fd;

	attach(p, &source);
	fd = p->channel.fd;
	channel_fini(&source);
	partner_start(p);
	ck_assert_int_eq(p->channel.fd, -1);
	ck_assert(!p->started);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1); /* closed */
	partner_stop(p);
	partner_detach(p);
	partner_free(p);
}
END_TEST

START_TEST(a_new_source_takes_the_olds_place)
{
	struct partner *p = new_partner();
	struct channel first, second;
	enum frame_type type;
	struct span body;

	attach(p, &first);
	partner_start(p);
	attach(p, &second);
	ck_assert(!p->started);
	partner_start(p);
	assert_start(&second, 2, "", 0);
	assert_start(&first, 1, "", 0);
	ck_assert_int_eq(channel_receive(&first, &type, &body).kind, STATUS_REFUSED);
	channel_fini(&first);
	channel_fini(&second);
	partner_free(p);
	partner_free(NULL);
}
END_TEST

TCase *case_partner(void)
{
	TCase *c = tcase_create("partner");
	tcase_set_timeout(c, 60);
	tcase_add_test(c, every_read_is_counted_once);
	tcase_add_test(c, a_commit_moves_the_cursor);
	tcase_add_loop_test(c, a_gap_is_told_once, 0, ROWS(gap_rows));
	tcase_add_test(c, a_gap_reported_meanwhile_is_told_by_the_next);
	tcase_add_loop_test(c, a_record_found_later_takes_only_its_own_gap_away, 0, ROWS(record_rows));
	tcase_add_loop_test(c, rewinding_goes_to_what_is_committed, 0, ROWS(rewind_rows));
	tcase_add_test(c, a_source_is_told_where_to_go_on);
	tcase_add_test(c, a_source_that_died_is_detached);
	tcase_add_test(c, a_new_source_takes_the_olds_place);
	return c;
}

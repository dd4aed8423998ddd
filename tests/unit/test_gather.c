/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches on their way to the core: when they leave, what they carry, and that a rejected item is counted
 * with the next cursor and never twice.
 */
#include "gateway/source/backoff.h"
#include "gateway/source/gather.h"
#include "tests/unit/test_source.h"

#include <sys/socket.h>

static struct channel out, in;
static struct arena arena;
static struct gather g;
static struct read_batch batch;

static void begin(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	channel_init(&out, fds[0], FRAME_READ_BATCH_MAX);
	channel_init(&in, fds[1], FRAME_READ_BATCH_MAX);
	g = (struct gather){0};
}

static void finish(void)
{
	gather_fini(&g);
	arena_free(&arena);
	channel_fini(&out);
	channel_fini(&in);
}

static void take_read(const char *cursor, int64_t now_ms)
{
	struct read r = {.read_id = span_text("r"),
		.cursor = span_text(cursor),
		.camera_id = span_text("k"),
		.vrm = span_text("A1"),
		.kind = READ_KIND_VRM};

	ck_assert(ok(gather_read(&g, &r, now_ms)));
}

/* false: nothing came. */
static bool receive_batch(void)
{
	enum frame_type type;
	struct span body;

	if (!ok(channel_receive(&in, &type, &body)))
		return false;
	ck_assert_int_eq(type, FRAME_READ_BATCH);
	ck_assert(ok(read_batch_decode(body, &arena, &batch)));
	return true;
}

START_TEST(a_batch_waits_a_little)
{
	begin();
	ck_assert_int_eq(gather_wait_ms(&g, 1000), -1);
	take_read("c-1", 1000);
	ck_assert_int_eq(gather_wait_ms(&g, 1000), GATHER_WAIT_MS);
	take_read("c-2", 1015);
	ck_assert_int_eq(gather_wait_ms(&g, 1015), GATHER_WAIT_MS - 15);
	ck_assert_int_eq(gather_wait_ms(&g, 9999), 0);
	ck_assert(ok(gather_send(&g, &out, 7)));
	ck_assert(receive_batch());
	ck_assert_uint_eq(batch.epoch, 7);
	ck_assert_uint_eq(batch.n, 2);
	ck_assert(span_is(batch.cursor, "c-2"));
	ck_assert_int_eq(gather_wait_ms(&g, 9999), -1);
	ck_assert(ok(gather_send(&g, &out, 7)));
	ck_assert(!receive_batch());
	ck_assert(span_is(gather_cursor(&g), "c-2")); /* where to go on */
	finish();
}
END_TEST

START_TEST(a_full_batch_does_not_wait)
{
	begin();
	for (int i = 0; i < GATHER_READS; i++) {
		ck_assert(!gather_full(&g));
		take_read("c", 1000);
	}
	ck_assert(gather_full(&g));
	ck_assert_int_eq(gather_wait_ms(&g, 1000), 0);
	ck_assert(ok(gather_send(&g, &out, 1)));
	ck_assert(receive_batch());
	ck_assert_uint_eq(batch.n, GATHER_READS);
	finish();
}
END_TEST

START_TEST(rejected_items_go_with_the_next_cursor)
{
	begin();
	gather_rejected(&g, REJECTION_NOT_JSON, span_of(NULL, 0), 1000);
	gather_rejected(&g, REJECTION_TOO_LONG, span_of(NULL, 0), 1000);
	ck_assert_uint_eq(gather_held(&g), 2);
	ck_assert_int_eq(gather_wait_ms(&g, 9999), -1);
	gather_rejected(&g, REJECTION_BAD_FIELD, span_text("c-3"), 2000);
	ck_assert_uint_eq(gather_held(&g), 0);
	ck_assert_int_eq(gather_wait_ms(&g, 2000), GATHER_WAIT_MS);
	gather_rejected(&g, REJECTION_NOT_JSON, span_of(NULL, 0), 2000);
	ck_assert(ok(gather_send(&g, &out, 1)));
	ck_assert(receive_batch());
	ck_assert_uint_eq(batch.n, 0);
	ck_assert(span_is(batch.cursor, "c-3"));
	ck_assert_uint_eq(batch.rejected[REJECTION_NOT_JSON], 1);
	ck_assert_uint_eq(batch.rejected[REJECTION_TOO_LONG], 1);
	ck_assert_uint_eq(batch.rejected[REJECTION_BAD_FIELD], 1);
	take_read("c-4", 3000);
	ck_assert(ok(gather_send(&g, &out, 1)));
	ck_assert(receive_batch());
	ck_assert_uint_eq(batch.rejected[REJECTION_NOT_JSON], 1);
	ck_assert_uint_eq(batch.rejected[REJECTION_TOO_LONG], 0);
	finish();
}
END_TEST

/* The connection breaks before a cursor comes: the line comes again, and is counted then. */
START_TEST(held_items_are_not_counted_twice)
{
	begin();
	take_read("c-1", 1000);
	gather_rejected(&g, REJECTION_NOT_JSON, span_of(NULL, 0), 1000);
	gather_forget_held(&g);
	gather_rejected(&g, REJECTION_NOT_JSON, span_of(NULL, 0), 5000);
	take_read("c-2", 5000);
	ck_assert(ok(gather_send(&g, &out, 1)));
	ck_assert(receive_batch());
	ck_assert_uint_eq(batch.rejected[REJECTION_NOT_JSON], 1);
	finish();
}
END_TEST

START_TEST(what_cannot_be_sent_stays)
{
	static uint8_t bytes[FRAME_READ_BATCH_MAX];
	enum frame_type type;
	struct span body;
	int frames = 0;

	begin();
	for (size_t n = sizeof bytes; n > 0;) {
		if (ok(channel_send(&out, FRAME_READ_BATCH, span_of(bytes, n), -1)))
			frames++;
		else
			n /= 2;
	}
	take_read("c-1", 1000);
	gather_rejected(&g, REJECTION_BAD_FIELD, span_text("c-2"), 1000);
	ck_assert_int_eq(gather_send(&g, &out, 1).kind, STATUS_OVERLOAD);
	take_read("c-3", 1000);
	ck_assert_int_eq(gather_send(&g, &out, 1).kind, STATUS_OVERLOAD);
	while (frames > 0) {
		frames -= ok(channel_receive(&in, &type, &body)) ? 1 : 0;
		(void)!ok(channel_flush(&out));
	}
	ck_assert(ok(gather_send(&g, &out, 1)));
	ck_assert(receive_batch());
	ck_assert_uint_eq(batch.n, 2);
	ck_assert_uint_eq(batch.rejected[REJECTION_BAD_FIELD], 1);
	ck_assert(span_is(batch.cursor, "c-3"));
	finish();
}
END_TEST

START_TEST(back_off_grows_and_ends)
{
	struct backoff b = {0};
	int64_t most = BACKOFF_FIRST_MS;

	for (int i = 0; i < 20; i++) {
		int64_t wait = backoff_next_ms(&b);

		ck_assert_int_ge(wait, most / 2);
		ck_assert_int_le(wait, most);
		most = most * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : most * 2;
	}
	backoff_reset(&b);
	ck_assert_int_le(backoff_next_ms(&b), BACKOFF_FIRST_MS);
}
END_TEST

TCase *case_gather(void)
{
	TCase *c = tcase_create("gather");

	tcase_add_test(c, a_batch_waits_a_little);
	tcase_add_test(c, a_full_batch_does_not_wait);
	tcase_add_test(c, rejected_items_go_with_the_next_cursor);
	tcase_add_test(c, held_items_are_not_counted_twice);
	tcase_add_test(c, what_cannot_be_sent_stays);
	tcase_add_test(c, back_off_grows_and_ends);
	return c;
}

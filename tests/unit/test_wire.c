/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels over real socket pairs: whole frames, cut frames, floods, descriptors, and an other end that lies.
 */
#include "gateway/wire/frame.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

static struct channel a, b;
static int raw; /* the far end of `a` where a test speaks for itself */

static void pair_of_channels(uint32_t body_max)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	channel_init(&a, fds[0], body_max);
	channel_init(&b, fds[1], body_max);
}

static void raw_pair(uint32_t body_max)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	channel_init(&a, fds[0], body_max);
	raw = fds[1];
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void put_header(uint8_t *to, uint32_t length, uint32_t type)
{
	for (int i = 0; i < 4; i++) {
		to[i] = (uint8_t)(length >> 8 * i);
		to[4 + i] = (uint8_t)(type >> 8 * i);
	}
}

START_TEST(frames_there_and_back)
{
	enum frame_type type;
	struct span body;

	pair_of_channels(1024);
	ck_assert_int_eq(channel_receive(&b, &type, &body).kind, STATUS_WAIT);
	ck_assert(ok(channel_send(&a, FRAME_READY, span_of(NULL, 0), -1)));
	ck_assert(ok(channel_send(&a, FRAME_READ_BATCH, span_text("batch"), -1)));
	ck_assert_uint_eq(channel_waiting(&a), 0);
	ck_assert(ok(channel_receive(&b, &type, &body)));
	ck_assert_int_eq(type, FRAME_READY);
	ck_assert_uint_eq(body.n, 0);
	ck_assert(channel_pending(&b));
	ck_assert(ok(channel_receive(&b, &type, &body)));
	ck_assert_int_eq(type, FRAME_READ_BATCH);
	ck_assert(span_is(body, "batch"));
	ck_assert(!channel_pending(&b));
	ck_assert_int_eq(channel_receive(&b, &type, &body).kind, STATUS_WAIT);
	channel_fini(&a);
	ck_assert_int_eq(channel_receive(&b, &type, &body).kind, STATUS_REFUSED);
	channel_fini(&b);
}
END_TEST

START_TEST(a_frame_byte_by_byte)
{
	uint8_t bytes[FRAME_HEADER + 3] = {[FRAME_HEADER] = 'x', 'y', 'z'};
	enum frame_type type;
	struct span body;

	raw_pair(1024);
	put_header(bytes, 3, FRAME_SOURCE_START);
	for (size_t i = 0; i < sizeof bytes; i++) {
		ck_assert_int_eq(channel_receive(&a, &type, &body).kind, STATUS_WAIT);
		ck_assert_int_eq(send(raw, &bytes[i], 1, 0), 1);
	}
	ck_assert(ok(channel_receive(&a, &type, &body)));
	ck_assert_int_eq(type, FRAME_SOURCE_START);
	ck_assert(span_is(body, "xyz"));
	channel_fini(&a);
	close(raw);
}
END_TEST

static const struct nonsense_row {
	const char *name;
	uint32_t length, type;
} nonsense_rows[] = {
	{"type 0", 0, FRAME_NONE},
	{"type beyond the last", 0, FRAME_TYPES},
	{"type far beyond", 4, 0xFFFFFFFF},
	{"a byte too long", 1025, FRAME_READ_BATCH},
	{"as long as can be", 0xFFFFFFFF, FRAME_READ_BATCH},
	{"an HTTP request", 0x20544547, 0x7474682F},
};

/* The header alone decides, before a byte of memory is made ready for the body. */
START_TEST(nonsense_is_refused)
{
	const struct nonsense_row *row = &nonsense_rows[_i];
	uint8_t header[FRAME_HEADER];
	enum frame_type type;
	struct span body;

	raw_pair(1024);
	put_header(header, row->length, row->type);
	ck_assert_int_eq(send(raw, header, sizeof header, 0), sizeof header);
	ck_assert_msg(channel_receive(&a, &type, &body).kind == STATUS_BAD_INPUT, "%s", row->name);
	ck_assert_msg(channel_receive(&a, &type, &body).kind == STATUS_BAD_INPUT, "%s, again", row->name);
	ck_assert_uint_le(a.in.cap, 256u << 10);
	channel_fini(&a);
	close(raw);
}
END_TEST

START_TEST(an_end_inside_a_frame)
{
	uint8_t header[FRAME_HEADER];
	enum frame_type type;
	struct span body;

	raw_pair(1024);
	put_header(header, 10, FRAME_READ_BATCH);
	ck_assert_int_eq(send(raw, header, sizeof header, 0), sizeof header);
	close(raw);
	ck_assert_int_eq(channel_receive(&a, &type, &body).kind, STATUS_REFUSED);
	channel_fini(&a);
}
END_TEST

START_TEST(a_gone_end_does_not_kill)
{
	raw_pair(1024);
	close(raw);
	ck_assert_int_eq(channel_send(&a, FRAME_READY, span_of(NULL, 0), -1).kind, STATUS_REFUSED);
	channel_fini(&a);
}
END_TEST

START_TEST(too_long_a_body_is_not_sent)
{
	static const uint8_t bytes[1025];

	pair_of_channels(1024);
	ck_assert_int_eq(channel_send(&a, FRAME_READ_BATCH, span_of(bytes, 1025), -1).kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(channel_send(&a, FRAME_NONE, span_of(bytes, 1), -1).kind, STATUS_BAD_INPUT);
	ck_assert(ok(channel_send(&a, FRAME_READ_BATCH, span_of(bytes, 1024), -1)));
	channel_fini(&a);
	channel_fini(&b);
}
END_TEST

/* A frame whose bytes tell its number and their places, so that any slip shows. */
static void fill(uint8_t *body, size_t n, uint32_t number)
{
	for (size_t i = 0; i < n; i++)
		body[i] = (uint8_t)((size_t)number * 31 + i * 7);
}

/* More than the socket holds: queued up to the cap, then refused whole; everything arrives once, in order. */
START_TEST(a_flood_is_bounded_and_complete)
{
	static uint8_t bytes[1 << 18];
	uint32_t sent = 0, received = 0, full = 0;
	enum frame_type type;
	struct span body;

	pair_of_channels(sizeof bytes);
	while (received < 200) {
		size_t n = (size_t)(sent % 7) * 37448 + 1;
		struct status s;

		fill(bytes, n, sent);
		s = channel_send(&a, FRAME_READ_BATCH, span_of(bytes, n), -1);
		sent += ok(s) ? 1 : 0;
		ck_assert_uint_le(channel_waiting(&a), 4 * (sizeof bytes + FRAME_HEADER));
		if (ok(s))
			continue;
		ck_assert_int_eq(s.kind, STATUS_OVERLOAD);
		ck_assert_int_eq(channel_events(&a), POLLIN | POLLOUT);
		full++;
		while (ok(channel_receive(&b, &type, &body))) {
			ck_assert_uint_eq(body.n, (size_t)(received % 7) * 37448 + 1);
			fill(bytes, body.n, received++);
			ck_assert_mem_eq(body.p, bytes, body.n);
			(void)!ok(channel_flush(&a));
		}
	}
	ck_assert_uint_gt(full, 0);
	channel_fini(&a);
	channel_fini(&b);
}
END_TEST

START_TEST(a_descriptor_goes_along)
{
	int before = open_descriptors(), pipe_ends[2];
	enum frame_type type;
	struct span body;
	char byte;

	pair_of_channels(1024);
	ck_assert_int_eq(pipe(pipe_ends), 0);
	ck_assert(ok(channel_send(&a, FRAME_SOURCE_STOP, span_of(NULL, 0), -1)));
	ck_assert(ok(channel_send(&a, FRAME_ATTACH, span_text("x"), pipe_ends[0])));
	ck_assert(ok(channel_send(&a, FRAME_SOURCE_STOP, span_of(NULL, 0), -1)));
	close(pipe_ends[0]);
	ck_assert(ok(channel_receive(&b, &type, &body)));
	ck_assert_int_eq(b.received_fd, -1);
	ck_assert(ok(channel_receive(&b, &type, &body)));
	ck_assert_int_eq(type, FRAME_ATTACH);
	ck_assert_int_ge(b.received_fd, 0);
	ck_assert_int_eq(fcntl(b.received_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(write(pipe_ends[1], "!", 1), 1);
	ck_assert_int_eq(read(b.received_fd, &byte, 1), 1);
	ck_assert(ok(channel_receive(&b, &type, &body)));
	ck_assert_int_eq(type, FRAME_SOURCE_STOP);
	ck_assert_int_eq(b.received_fd, -1); /* not taken, so closed */
	close(pipe_ends[1]);
	channel_fini(&a);
	channel_fini(&b);
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

static void send_with_descriptors(const void *bytes, size_t n, int n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {0};
	struct iovec part = {(void *)bytes, n};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
	struct cmsghdr *h = (struct cmsghdr *)control;

	message.msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int));
	*h = (struct cmsghdr){CMSG_LEN((size_t)n_fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	for (int i = 0; i < n_fds; i++)
		memcpy(CMSG_DATA(h) + (size_t)i * sizeof(int), &raw, sizeof(int));
	ck_assert_int_eq(sendmsg(raw, &message, 0), (ssize_t)n);
}

static const struct smuggle_row {
	const char *name;
	enum frame_type type;
	int n_fds;
} smuggle_rows[] = {
	{"a descriptor with a batch", FRAME_READ_BATCH, 1},
	{"two with an attach", FRAME_ATTACH, 2},
	{"eight with an attach", FRAME_ATTACH, 8},
	{"eight with a batch", FRAME_READ_BATCH, 8},
};

/* None of them stays open, none is handed out with a frame it has no business with. */
START_TEST(smuggled_descriptors)
{
	const struct smuggle_row *row = &smuggle_rows[_i];
	int before = open_descriptors();
	uint8_t header[FRAME_HEADER];
	enum frame_type type;
	struct span body;
	struct status s;

	raw_pair(1024);
	put_header(header, 0, row->type);
	send_with_descriptors(header, sizeof header, row->n_fds);
	s = channel_receive(&a, &type, &body);
	ck_assert_int_eq(a.received_fd, -1);
	if (ok(s))
		s = channel_receive(&a, &type, &body);
	ck_assert_msg(s.kind == STATUS_BAD_INPUT, "%s", row->name);
	channel_fini(&a);
	close(raw);
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

/* A descriptor arrives with the first bytes of its frame, which may be cut by the reader's room. */
START_TEST(a_descriptor_of_a_cut_frame)
{
	uint8_t header[FRAME_HEADER];
	enum frame_type type;
	struct span body;

	raw_pair(1024);
	put_header(header, 0, FRAME_ATTACH);
	send_with_descriptors(header, 3, 1);
	ck_assert_int_eq(channel_receive(&a, &type, &body).kind, STATUS_WAIT);
	ck_assert_int_eq(send(raw, header + 3, sizeof header - 3, 0), sizeof header - 3);
	ck_assert(ok(channel_receive(&a, &type, &body)));
	ck_assert_int_ge(a.received_fd, 0);
	channel_fini(&a);
	close(raw);
}
END_TEST

START_TEST(an_attach_without_a_descriptor)
{
	enum frame_type type;
	struct span body;

	pair_of_channels(1024);
	ck_assert(ok(channel_send(&a, FRAME_ATTACH, span_text("x"), -1)));
	ck_assert(ok(channel_receive(&b, &type, &body)));
	ck_assert_int_eq(b.received_fd, -1);
	channel_fini(&a);
	channel_fini(&b);
}
END_TEST

/* Behind a backlog a descriptor cannot go at once, so it does not go at all, and nothing of its frame does.
 */
START_TEST(a_descriptor_behind_a_backlog)
{
	static uint8_t bytes[1 << 20];
	size_t frames = 0;
	enum frame_type type;
	struct span body;

	pair_of_channels(sizeof bytes);
	while (channel_waiting(&a) == 0) {
		ck_assert(ok(channel_send(&a, FRAME_READ_BATCH, span_of(bytes, sizeof bytes), -1)));
		frames++;
	}
	ck_assert_int_eq(channel_send(&a, FRAME_ATTACH, span_text("x"), 0).kind, STATUS_OVERLOAD);
	while (frames > 0) {
		if (ok(channel_receive(&b, &type, &body)))
			frames--;
		(void)!ok(channel_flush(&a));
	}
	ck_assert_int_eq(channel_receive(&b, &type, &body).kind, STATUS_WAIT);
	ck_assert(ok(channel_send(&a, FRAME_ATTACH, span_text("x"), 0)));
	channel_fini(&a);
	channel_fini(&b);
}
END_TEST

static Suite *suite_of_all(void)
{
	Suite *suite = suite_create("wire");
	TCase *c = tcase_create("channel");

	tcase_add_test(c, frames_there_and_back);
	tcase_add_test(c, a_frame_byte_by_byte);
	tcase_add_loop_test(c, nonsense_is_refused, 0, ROWS(nonsense_rows));
	tcase_add_test(c, an_end_inside_a_frame);
	tcase_add_test(c, a_gone_end_does_not_kill);
	tcase_add_test(c, too_long_a_body_is_not_sent);
	tcase_add_test(c, a_flood_is_bounded_and_complete);
	tcase_add_test(c, a_descriptor_goes_along);
	tcase_add_loop_test(c, smuggled_descriptors, 0, ROWS(smuggle_rows));
	tcase_add_test(c, a_descriptor_of_a_cut_frame);
	tcase_add_test(c, an_attach_without_a_descriptor);
	tcase_add_test(c, a_descriptor_behind_a_backlog);
	suite_add_tcase(suite, c);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(suite_of_all());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

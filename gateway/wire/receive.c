/* SPDX-License-Identifier: Apache-2.0
 *
 * The receiving half of a channel. Bytes are read straight into the buffer that frames are handed out of;
 * nothing is copied but the beginning of a frame that a read cut in two.
 */
#include "gateway/wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdalign.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_AT_LEAST (64u << 10)
#define KEEP_MAX      (4u << 20) /* an empty buffer larger than this is given back */
#define FDS_MAX       4          /* room to see, and close, what a hostile end sends */

void channel_init(struct channel *c, int fd, uint32_t body_max)
{
	*c = (struct channel){.fd = fd, .received_fd = -1, .early_fd = -1, .body_max = body_max};
	c->in.max = (size_t)body_max + FRAME_HEADER + READ_AT_LEAST;
	c->out.max = 4 * ((size_t)body_max + FRAME_HEADER);
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void fd_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void channel_fini(struct channel *c)
{
	fd_drop(&c->fd);
	fd_drop(&c->received_fd);
	fd_drop(&c->early_fd);
	buffer_free(&c->in);
	buffer_free(&c->out);
}

void channel_cleanse(struct channel *c)
{
	if (c->frame > FRAME_HEADER)
		OPENSSL_cleanse(c->in.p + c->in_at + FRAME_HEADER, c->frame - FRAME_HEADER);
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Bytes of the frame at the front, header included; 0 while not even its header is there. */
static size_t front_length(const struct channel *c)
{
	if (c->in.n - c->in_at < FRAME_HEADER)
		return 0;
	return (size_t)get_u32(c->in.p + c->in_at) + FRAME_HEADER;
}

bool channel_pending(const struct channel *c)
{
	struct channel after = *c;
	size_t length;

	after.in_at += after.frame;
	length = front_length(&after);
	return length > 0 && length <= after.in.n - after.in_at;
}

/* Nonsense is refused by its header alone, before any memory is made ready for it. */
static struct status front_check(const struct channel *c)
{
	const uint8_t *header = c->in.p + c->in_at;

	REQUIRE(get_u32(header) <= c->body_max, S_BAD_INPUT);
	REQUIRE(get_u32(header + 4) > FRAME_NONE && get_u32(header + 4) < FRAME_TYPES, S_BAD_INPUT);
	return S_OK;
}

/* Whether the beginning of a frame that is here, if any, can be that of an ATTACH. */
static bool front_may_be_attach(const struct channel *c)
{
	size_t n = c->in.n - c->in_at;

	return n > 0 && (n < FRAME_HEADER || get_u32(c->in.p + c->in_at + 4) == FRAME_ATTACH);
}

static struct status front_take(struct channel *c, enum frame_type *type, struct span *body)
{
	const uint8_t *header = c->in.p + c->in_at;

	c->frame = front_length(c);
	*type = (enum frame_type)get_u32(header + 4);
	*body = span_of(header + FRAME_HEADER, c->frame - FRAME_HEADER);
	if (*type == FRAME_ATTACH) {
		c->received_fd = c->early_fd;
		c->early_fd = -1;
	}
	return S_OK;
}

/* Drop what was handed out. The rest moves only when there is something to move, at most once a read(2). */
static void make_room(struct channel *c)
{
	if (c->in_at == c->in.n && c->in.cap > KEEP_MAX)
		buffer_free(&c->in);
	else
		buffer_consume(&c->in, c->in_at);
	c->in_at = 0;
}

/* Take the descriptors of one message: one at a time is taken, more are closed and nonsense. */
static struct status take_fds(struct channel *c, struct msghdr *message)
{
	struct status result = message->msg_flags & MSG_CTRUNC ? S_BAD_INPUT : S_OK;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= h->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, (const uint8_t *)h + at, sizeof fd);
			if (c->early_fd >= 0) {
				close(fd);
				result = S_BAD_INPUT;
			} else {
				c->early_fd = fd;
			}
		}
	}
	return result;
}

/* One recvmsg(2). The kernel ends it after the bytes that a descriptor came with. */
static struct status receive_more(struct channel *c)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	size_t want = front_length(c) > c->in.n - c->in_at ? front_length(c) - (c->in.n - c->in_at) : 0;
	struct msghdr message = {.msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct iovec room;
	ssize_t n;

	make_room(c);
	TRY(buffer_reserve(&c->in, want > READ_AT_LEAST ? want : READ_AT_LEAST));
	room = (struct iovec){c->in.p + c->in.n, want > READ_AT_LEAST ? want : READ_AT_LEAST};
	message.msg_iov = &room;
	n = recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? S_WAIT : S_REFUSED;
	if (n == 0)
		return S_REFUSED;
	c->in.n += (size_t)n;
	return take_fds(c, &message);
}

struct status channel_receive(struct channel *c, enum frame_type *type, struct span *body)
{
	c->in_at += c->frame;
	c->frame = 0;
	fd_drop(&c->received_fd);
	for (;;) {
		size_t length = front_length(c);

		if (length > 0)
			TRY(front_check(c));
		if (length > 0 && length <= c->in.n - c->in_at)
			return front_take(c, type, body);
		/* Whatever whole frame it came with is handed out, and none was an ATTACH. */
		REQUIRE(c->early_fd < 0 || front_may_be_attach(c), S_BAD_INPUT);
		TRY(receive_more(c));
	}
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The sending half of a channel. A frame goes to the kernel from where it lies; only what the socket does not
 * take is copied, to go later.
 */
#include "gateway/wire/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <sys/socket.h>

size_t channel_waiting(const struct channel *c)
{
	return c->out.n - c->out_at;
}

short channel_events(const struct channel *c)
{
	return channel_waiting(c) > 0 ? POLLIN | POLLOUT : POLLIN;
}

struct status channel_flush(struct channel *c)
{
	while (channel_waiting(c) > 0) {
		ssize_t n = send(c->fd, c->out.p + c->out_at, channel_waiting(c), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? S_WAIT : S_REFUSED;
		c->out_at += (size_t)n;
	}
	/* Given back whole: a backlog is rare, and what it held may be personal. */
	buffer_free(&c->out);
	c->out_at = 0;
	return S_OK;
}

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Hand to the kernel what it takes of header and body. errors: WAIT: it took nothing. */
static struct status send_now(
	struct channel *c, const uint8_t *header, struct span body, int fd, size_t *sent)
{
	struct iovec parts[2] = {{(void *)header, FRAME_HEADER}, {(void *)body.p, body.n}};
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *h = (struct cmsghdr *)control;

		message.msg_control = control;
		message.msg_controllen = sizeof control;
		*h = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
		memcpy(CMSG_DATA(h), &fd, sizeof fd);
	}
	do
		n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? S_WAIT : S_REFUSED;
	*sent = (size_t)n;
	return S_OK;
}

/* Keep for later what the kernel has not taken. */
static struct status keep_rest(struct channel *c, const uint8_t *header, struct span body, size_t sent)
{
	if (sent < FRAME_HEADER)
		TRY(buffer_append(&c->out, span_of(header + sent, FRAME_HEADER - sent)));
	sent = sent < FRAME_HEADER ? 0 : sent - FRAME_HEADER;
	if (sent < body.n)
		TRY(buffer_append(&c->out, span_of(body.p + sent, body.n - sent)));
	return S_OK;
}

/* Others wait before it. What is sent already moves out of the way when it is the larger part or the room is
 * needed. */
static struct status send_later(struct channel *c, const uint8_t *header, struct span body)
{
	size_t n = FRAME_HEADER + body.n;

	if (c->out_at > c->out.n / 2 || c->out.max - c->out.n < n) {
		buffer_consume(&c->out, c->out_at);
		c->out_at = 0;
	}
	TRY(buffer_reserve(&c->out, n));
	return keep_rest(c, header, body, 0);
}

/* Nothing waits before it: from where it lies. */
static struct status send_direct(struct channel *c, const uint8_t *header, struct span body, int fd)
{
	size_t sent = 0;
	struct status now = send_now(c, header, body, fd, &sent);

	if (now.kind == STATUS_WAIT && fd >= 0)
		return S_OVERLOAD;
	if (now.kind == STATUS_WAIT)
		return send_later(c, header, body);
	TRY(now);
	if (ok(keep_rest(c, header, body, sent)))
		return S_OK;
	/* Out of memory with half a frame gone: nothing sensible can follow it. */
	shutdown(c->fd, SHUT_RDWR);
	return S_REFUSED;
}

struct status channel_send(struct channel *c, enum frame_type type, struct span body, int fd)
{
	uint8_t header[FRAME_HEADER];
	struct status flushed;

	REQUIRE(body.n <= c->body_max && type > FRAME_NONE && type < FRAME_TYPES, S_BAD_INPUT);
	put_u32(header, (uint32_t)body.n);
	put_u32(header + 4, type);
	flushed = channel_flush(c);
	if (ok(flushed))
		return send_direct(c, header, body, fd);
	REQUIRE(flushed.kind == STATUS_WAIT, flushed);
	return fd >= 0 ? S_OVERLOAD : send_later(c, header, body);
}

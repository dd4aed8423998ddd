/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames between the gateway's processes: a length, a type, a body that is one protobuf message of anpr.v1,
 * and now and then a file descriptor. Both ends assume the other hostile: lengths are capped, unknown types
 * end the connection.
 */
#ifndef ANPR_WIRE_FRAME_H
#define ANPR_WIRE_FRAME_H

#include "gateway/base/buffer.h"
#include "gateway/base/error.h"

enum frame_type {
	FRAME_NONE = 0,
	FRAME_SOURCE_SETUP,   /* supervisor -> source */
	FRAME_SOURCE_START,   /* core -> source */
	FRAME_SOURCE_STOP,    /* core -> source: stop fetching; empty */
	FRAME_SOURCE_REPORT,  /* source -> core */
	FRAME_READ_BATCH,     /* source -> core */
	FRAME_ADMIN_SETUP,    /* supervisor -> admin */
	FRAME_TRUST_ROOTS,    /* core -> admin */
	FRAME_ADMIN_REQUEST,  /* admin -> core */
	FRAME_ADMIN_RESPONSE, /* core -> admin */
	FRAME_ATTACH,         /* supervisor -> core, with a descriptor */
	FRAME_READY,          /* child -> supervisor: it is up; empty */
	FRAME_TYPES
};

#define FRAME_HEADER         8           /* u32 length of the body, u32 type, little-endian */
#define FRAME_BODY_MAX       (24u << 20) /* a register of 100,000 cameras fits */
#define FRAME_READ_BATCH_MAX (2u << 20)  /* what a source may send at once */

struct channel {
	int fd;                /* a connected stream socket, non-blocking; owned */
	struct buffer in, out; /* capped */
	size_t in_at, out_at;  /* bytes of them already handed out, already sent */
	size_t frame;          /* bytes of `in` that the frame last handed out takes */
	int received_fd; /* came with the ATTACH last handed out; -1 = none; whoever takes it sets it to -1 */
	int early_fd;    /* came, but its frame is not handed out yet */
	uint32_t body_max;
};

/* Takes the descriptor and makes it non-blocking. body_max: for both directions. */
void channel_init(struct channel *c, int fd, uint32_t body_max);
/* Closes the descriptor, and any that came and was not taken. */
void channel_fini(struct channel *c);

/* The next whole frame. OK: *type, and *body borrowed until the next call. WAIT: not yet. REFUSED: closed by
 * the other end. BAD_INPUT: nonsense came, or a descriptor with anything but an ATTACH; close it. */
MUST struct status channel_receive(struct channel *c, enum frame_type *type, struct span *body);
/* Overwrite the frame last handed out, because it held keys. Its body reads as zeros until the next call. */
void channel_cleanse(struct channel *c);
/* Whether a whole frame is already here, without reading from the socket. */
bool channel_pending(const struct channel *c);
/* Queue a frame and send what can be sent. OVERLOAD: not taken; more than 4 frames' worth would be waiting,
 * try after a flush. REFUSED: the other end is gone. BAD_INPUT: longer than body_max. fd: goes along with an
 * ATTACH, and is not closed here; -1 = none. A frame with one is sent at once or not at all. */
MUST struct status channel_send(struct channel *c, enum frame_type type, struct span body, int fd);
/* Send what is waiting. OK: all gone. WAIT: poll for writing. REFUSED: the other end is gone. */
MUST struct status channel_flush(struct channel *c);
/* Bytes waiting to be sent. */
size_t channel_waiting(const struct channel *c);
/* The poll(2) events to wait for. */
short channel_events(const struct channel *c);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * One response that never ends, read as it comes: a GET over mutual TLS, driven by its caller's poll loop. It
 * knows nothing of what is in the body.
 */
#ifndef ANPR_HTTP_STREAM_H
#define ANPR_HTTP_STREAM_H

#include "gateway/base/status.h"
#include "gateway/http/tls.h"

#include <poll.h>

/* How a stream stands, or why it is over. */
enum stream_state {
	STREAM_NONE = 0, /* never started, or stopped by us */
	STREAM_RUNNING,
	STREAM_ENDED,        /* the response ended */
	STREAM_BAD_URL,      /* not https, or nonsense */
	STREAM_UNREACHABLE,  /* no such name, refused, no route, no connection in time */
	STREAM_UNTRUSTED,    /* the other end's certificate does not prove who it should be */
	STREAM_OWN_KEY,      /* our certificate or key cannot be used */
	STREAM_HANDSHAKE,    /* TLS failed otherwise; perhaps our certificate was refused */
	STREAM_STATUS,       /* answered with another status than 200 */
	STREAM_BAD_RESPONSE, /* no HTTP, headers beyond measure, a content encoding nobody asked for */
	STREAM_DECLINED,     /* one of the callbacks said no */
	STREAM_BROKEN,       /* the connection broke */
};
/* For people; fixed words. */
const char *stream_state_text(enum stream_state state);

struct stream_events {
	/* A response of status 200 began. false: we do not want it. */
	bool (*began)(void *self, const char *content_type);
	/* Bytes of the body, borrowed, at most 16 KiB. false: enough. */
	bool (*body)(void *self, struct span bytes);
	void *self;
};

struct stream;

/* tls and events are borrowed. NULL when out of memory. thread: one, for all of these. */
struct stream *stream_new(const struct http_tls *tls, const struct stream_events *events);
void stream_free(struct stream *s);
/* Begin a request; one that runs is stopped first. What goes wrong shows in stream_state. last_event_id: for
 * the header of that name (WHATWG HTML 9.2.4), left out where it is NULL or would not be a header's value as
 * it is. */
void stream_start(struct stream *s, const char *url, const char *accept, const char *last_event_id);
void stream_stop(struct stream *s);
/* Wait for the stream, or for one of `fds`, at most timeout_ms. Which it was is not told: curl has no word
 * for a hang-up, so the caller tries each. held: the stream is not to be read for now; it is left out.
 * errors: FAULT. */
MUST struct status stream_wait(struct stream *s, struct pollfd *fds, unsigned n, int timeout_ms, bool held);
/* Do what can be done without waiting; the callbacks are called from here. Not to be called while held: it is
 * by not being called that the stream is held, so that nothing but the kernel's own buffers fills. */
enum stream_state stream_drive(struct stream *s);
enum stream_state stream_state(const struct stream *s);
/* Of the last response; 0 = none came. */
int stream_status(const struct stream *s);
/* What it said in Retry-After; 0 = nothing. */
int stream_retry_after_s(const struct stream *s);

#endif

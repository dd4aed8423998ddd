/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting, driving and ending the one transfer of a stream, with curl's multi interface under our poll loop.
 */
#include "gateway/http/stream.h"

#include "gateway/http/response.h"
#include "gateway/http/url.h"

#include <stdlib.h>

#define FDS_MAX 8

struct stream *stream_new(const struct http_tls *tls, const struct stream_events *events)
{
	struct stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->tls = tls;
	s->events = events;
	easy_begin();
	s->multi = curl_multi_init();
	if (s->multi)
		return s;
	free(s);
	return NULL;
}

static void drop(struct stream *s)
{
	if (s->easy) {
		curl_multi_remove_handle(s->multi, s->easy);
		curl_easy_cleanup(s->easy);
	}
	curl_slist_free_all(s->headers);
	s->easy = NULL;
	s->headers = NULL;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	drop(s);
	curl_multi_cleanup(s->multi);
	free(s);
}

void stream_stop(struct stream *s)
{
	drop(s);
	s->state = STREAM_NONE;
}

/* errors: FAULT. */
static struct status add_header(struct stream *s, const char *name, const char *value)
{
	CLEANUP(buffer_free) struct buffer line = {0};
	struct curl_slist *longer;

	TRY(buffer_format(&line, "%s: %s", name, value));
	longer = curl_slist_append(s->headers, buffer_text(&line));
	REQUIRE(longer, S_FAULT);
	s->headers = longer;
	return S_OK;
}

/* Visible ASCII only: blanks at the ends would be lost, and servers differ over what is beyond it. */
static bool is_header_value(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c < '!' || *c > '~')
			return false;
	}
	return text[0] != 0;
}

static struct status set_headers(struct stream *s, const char *accept, const char *last_event_id)
{
	TRY(add_header(s, "Accept", accept));
	if (last_event_id && is_header_value(last_event_id))
		TRY(add_header(s, "Last-Event-ID", last_event_id));
	return curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers) == CURLE_OK ? S_OK : S_FAULT;
}

void stream_start(struct stream *s, const char *url, const char *accept, const char *last_event_id)
{
	stream_stop(s);
	if (!url_is_good(url)) {
		s->state = STREAM_BAD_URL;
		return;
	}
	s->easy = easy_new(url, s->tls);
	if (s->easy && ok(set_headers(s, accept, last_event_id)) && ok(response_expect(s)) &&
		curl_multi_add_handle(s->multi, s->easy) == CURLM_OK) {
		s->state = STREAM_RUNNING;
		return;
	}
	drop(s);
	s->state = STREAM_OWN_KEY; /* nothing to trust, or a curl without what we rely on */
}

static short to_curl(short events)
{
	return (short)((events & POLLIN ? CURL_WAIT_POLLIN : 0) | (events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
}

struct status stream_wait(struct stream *s, struct pollfd *fds, unsigned n, int timeout_ms, bool held)
{
	struct curl_waitfd more[FDS_MAX];

	REQUIRE(n <= FDS_MAX, S_FAULT);
	if (held || !s->easy) {
		(void)poll(fds, n, timeout_ms);
		return S_OK;
	}
	for (unsigned i = 0; i < n; i++)
		more[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = to_curl(fds[i].events)};
	REQUIRE(curl_multi_poll(s->multi, more, n, timeout_ms, NULL) == CURLM_OK, S_FAULT);
	return S_OK;
}

enum stream_state stream_drive(struct stream *s)
{
	CURLMsg *message;
	int running, left;

	if (!s->easy)
		return s->state;
	if (curl_multi_perform(s->multi, &running) != CURLM_OK) {
		drop(s);
		return s->state = STREAM_BROKEN;
	}
	while ((message = curl_multi_info_read(s->multi, &left))) {
		if (message->msg != CURLMSG_DONE || message->easy_handle != s->easy)
			continue;
		s->state = response_end(s, message->data.result);
		drop(s);
		break;
	}
	return s->state;
}

enum stream_state stream_state(const struct stream *s)
{
	return s->state;
}

int stream_status(const struct stream *s)
{
	return s->status;
}

int stream_retry_after_s(const struct stream *s)
{
	return s->retry_after_s;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking the gateway for the page: a file or a view at once, events as they come. All of it runs in the
 * threads of jobs.
 */
#include "gateway/ctl/ui.h"

#include "gateway/base/clock.h"
#include "gateway/http/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENCE_MS 20000 /* the gateway says something each second, or at least why not */

static void nobody(struct job *job, const char *trouble)
{
	char why[TROUBLE_MAX + 64];

	snprintf(why, sizeof why, "no gateway answers: %s", trouble);
	job_refuse(job, 502, why);
}

static void fetch(struct job *job)
{
	struct fetched got;

	client_fetch(job->ui->o, &job->ui->credentials, job->path, &got);
	job->status = got.answer.status;
	job->about = got.answer.about;
	buffer_free(&job->body);
	job->body = got.answer.body;
	got.answer.body = (struct buffer){0};
	if (job->status == 0)
		nobody(job, got.trouble);
	api_answer_free(&got.answer);
}

void fetch_work(struct job *job)
{
	fetch(job);
	job_answer(job);
}

static void signs_say(struct job *job)
{
	json_t *view = json_loadb(
		(const char *)job->body.p, job->body.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	char *text = NULL;

	if (json_is_object(view) && json_object_set_new(view, "signs", json_true()) == 0)
		text = json_dumps(view, JSON_COMPACT);
	job->body.n = 0;
	if (!text || !ok(buffer_append_text(&job->body, text)))
		job_refuse(job, 502, "the gateway's answer about who you are makes no sense");
	free(text);
	json_decref(view);
}

void whoami_work(struct job *job)
{
	fetch(job);
	if (job->status == 200)
		signs_say(job);
	job_answer(job);
}

/* --- events --- */

struct listening {
	struct job *job;
	bool began;
	int64_t heard_at; /* monotonic ms */
};

static bool began(void *self, const char *content_type)
{
	struct listening *l = self;

	snprintf(l->job->about.content_type, sizeof l->job->about.content_type, "%s", content_type);
	l->job->status = 200;
	l->began = true;
	job_answer(l->job);
	return true;
}

/* Waits while the browser does not take it, and the gateway with it. */
static bool pass_on(void *self, struct span bytes)
{
	struct listening *l = self;

	l->heard_at = clock_monotonic_ms();
	while (bytes.n > 0) {
		ssize_t n = send(l->job->from_gateway, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false; /* the browser has gone */
		bytes = span_of(bytes.p + n, bytes.n - (size_t)n);
	}
	return true;
}

static bool browser_listens(struct job *job)
{
	char byte;

	return recv(job->from_gateway, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

/* One node, until it ends or nobody listens any more. */
static void follow(struct stream *s, struct listening *l, const char *url)
{
	struct pollfd browser = {.fd = l->job->from_gateway, .events = POLLIN};

	stream_start(s, url, "text/event-stream", l->job->last_event_id);
	l->heard_at = clock_monotonic_ms();
	while (stream_drive(s) == STREAM_RUNNING && browser_listens(l->job) &&
		clock_monotonic_ms() - l->heard_at < SILENCE_MS)
		if (!ok(stream_wait(s, &browser, 1, 1000, false)))
			return;
}

/* The nodes in turn, until one begins. */
static void listen_to(struct stream *s, struct listening *l)
{
	struct nodes nodes;
	char url[UI_PATH_MAX + 512];

	nodes_cut(l->job->ui->o, &nodes);
	for (size_t i = 0; i < nodes.n && !l->began && browser_listens(l->job); i++) {
		snprintf(url, sizeof url, "%s%s", nodes.urls[i], l->job->path);
		follow(s, l, url);
		if (!l->began && stream_status(s) > 0)
			job_refuse(l->job, stream_status(s), "the gateway does not tell you its events");
		else if (!l->began)
			nobody(l->job, stream_state_text(stream_state(s)));
	}
	nodes_free(&nodes);
}

void stream_work(struct job *job)
{
	const struct credentials *c = &job->ui->credentials;
	struct http_tls tls = {buffer_span(&c->ca), buffer_span(&c->cert), buffer_span(&c->key)};
	struct listening l = {.job = job};
	struct stream_events events = {began, pass_on, &l};
	struct stream *s = stream_new(&tls, &events);

	job_refuse(job, 503, "out of memory");
	if (s)
		listen_to(s, &l);
	stream_free(s);
	if (!l.began)
		job_answer(job);
	shutdown(job->from_gateway, SHUT_WR); /* the end of the stream, once it is read */
}

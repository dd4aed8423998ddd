/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread for each thing that the gateway is asked, and how its answer gets back to the serving thread: by a
 * pipe that carries the job's address. Nothing is shared that both sides write.
 */
#include "gateway/ctl/ui.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE    (16u << 10)
#define INCOMING 1024u /* whoever follows a stream has nothing more to say */

enum what { ANSWERED, OVER };

struct news {
	struct job *job;
	enum what what;
};

/* Less than PIPE_BUF, so never mixed with another's. */
static void tell(struct job *job, enum what what)
{
	struct news news = {job, what};
	ssize_t n;

	do
		n = write(job->ui->news[1], &news, sizeof news);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof news)
		abort(); /* our own pipe: nobody else closes it */
}

void job_answer(struct job *job)
{
	tell(job, ANSWERED);
}

void job_refuse(struct job *job, int status, const char *why)
{
	job->status = status;
	job->refused = true;
	job->body.n = 0;
	(void)ok(buffer_append_text(&job->body, why));
}

static void *run(void *self)
{
	struct job *job = self;

	job->work(job);
	tell(job, OVER);
	return NULL;
}

/* The thread that writes into it notices. */
static void browser_close(struct job *job)
{
	if (job->readable)
		event_free(job->readable);
	job->readable = NULL;
	if (job->to_browser >= 0)
		close(job->to_browser);
	job->to_browser = -1;
}

/* The request is about to be answered, or is gone. */
static struct evhttp_request *request_leave(struct job *job)
{
	struct evhttp_request *request = job->request;
	struct evhttp_connection *connection = request ? evhttp_request_get_connection(request) : NULL;

	if (connection)
		evhttp_connection_set_closecb(connection, NULL, NULL);
	job->request = NULL;
	return request;
}

static struct job *job_make(struct ui *ui, bool streams)
{
	struct job *job = calloc(1, sizeof *job);
	int ends[2] = {-1, -1};

	if (!job)
		return NULL;
	if (streams && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		free(job);
		return NULL;
	}
	job->ui = ui;
	job->streams = streams;
	job->to_browser = ends[0];
	job->from_gateway = ends[1];
	if (streams)
		evutil_make_socket_nonblocking(job->to_browser);
	return job;
}

static void job_free(struct job *job)
{
	struct job **at = &job->ui->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job->ui->n_jobs--;
	job->ui->n_streams -= job->streams;
	if (job->settle)
		job->settle(job);
	browser_close(job);
	if (job->from_gateway >= 0)
		close(job->from_gateway);
	buffer_free(&job->body);
	free(job);
}

/* Once neither its thread nor the browser has anything to do with it. */
static void job_leave(struct job *job)
{
	if (job->over && !job->readable && !job->request)
		job_free(job);
}

/* Called by evhttp when a connection ends before its answer. */
static void gone(struct evhttp_connection *connection, void *self)
{
	struct job *job = self;
	struct evhttp_request *request = job->request;

	(void)connection;
	job->request = NULL;
	browser_close(job);
	/* evhttp leaves a request that it gave out and is not answered to whoever has it. */
	if (request && !evhttp_request_get_connection(request))
		evhttp_request_free(request);
	job_leave(job);
}

struct job *job_new(struct ui *ui, struct evhttp_request *request, void (*work)(struct job *job))
{
	bool streams = work == stream_work;
	bool room = streams ? ui->n_streams < STREAMS_MAX : ui->n_jobs - ui->n_streams < JOBS_MAX;
	struct job *job = room ? job_make(ui, streams) : NULL;

	if (!job) {
		serve_refuse(request, 503, "too much is being asked at once; again in a moment");
		return NULL;
	}
	job->request = request;
	job->work = work;
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), gone, job);
	job->next = ui->jobs;
	ui->jobs = job;
	ui->n_jobs++;
	ui->n_streams += streams;
	return job;
}

void job_start(struct job *job)
{
	if (pthread_create(&job->thread, NULL, run, job) == 0)
		return;
	if (job->after)
		job->after(job);
	serve_refuse(request_leave(job), 503, "out of threads; again in a moment");
	job_free(job);
}

/* --- a stream's bytes --- */

/* The browser has taken what was sent: the next piece may come. */
static void piece_taken(struct evhttp_connection *connection, void *self)
{
	struct job *job = self;

	(void)connection;
	if (job->readable)
		event_add(job->readable, NULL);
}

static void stream_end(struct job *job)
{
	browser_close(job);
	evhttp_send_reply_end(request_leave(job));
	job_leave(job);
}

static void stream_read(int fd, short events, void *self)
{
	struct job *job = self;
	struct evbuffer *piece = evbuffer_new();
	int n = piece ? evbuffer_read(piece, fd, PIECE) : -1;

	(void)events;
	if (n > 0)
		evhttp_send_reply_chunk_with_cb(job->request, piece, piece_taken, job);
	else if (n < 0 && errno == EAGAIN)
		event_add(job->readable, NULL);
	else
		stream_end(job);
	if (piece)
		evbuffer_free(piece);
}

static void stream_begin(struct job *job)
{
	struct bufferevent *stream =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(job->request));

	job->readable = event_new(job->ui->base, job->to_browser, EV_READ, stream_read, job);
	if (!job->readable) {
		browser_close(job);
		serve_refuse(request_leave(job), 503, "out of memory");
		return;
	}
	bufferevent_set_timeouts(stream, NULL, NULL);
	bufferevent_setwatermark(stream, EV_READ, 0, INCOMING);
	serve_headers(job->request, &job->about);
	evhttp_send_reply_start(job->request, 200, NULL);
	event_add(job->readable, NULL);
}

/* --- what the threads say --- */

static void answered(struct job *job)
{
	if (job->after)
		job->after(job);
	if (!job->request)
		return;
	if (job->streams && job->status == 200)
		stream_begin(job);
	else if (job->refused)
		serve_refuse(request_leave(job), job->status, buffer_text(&job->body));
	else
		serve_reply(request_leave(job), job->status, &job->about, buffer_span(&job->body));
}

static void over(struct job *job)
{
	pthread_join(job->thread, NULL);
	job->over = true;
	job_leave(job);
}

void jobs_take(int fd, short events, void *self)
{
	struct news news;

	(void)events, (void)self;
	while (read(fd, &news, sizeof news) == (ssize_t)sizeof news) {
		if (news.what == ANSWERED)
			answered(news.job);
		else
			over(news.job);
	}
}

void jobs_end(struct ui *ui)
{
	struct pollfd news = {.fd = ui->news[0], .events = POLLIN};

	while (ui->n_jobs > 0) {
		(void)poll(&news, 1, -1);
		jobs_take(ui->news[0], 0, ui);
	}
}

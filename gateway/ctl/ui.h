/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of `anprctl ui` share. Private to this folder. One thread serves the browser and never
 * blocks; whatever asks the gateway does so in a thread of its own, which knows nothing of libevent.
 */
#ifndef ANPR_CTL_UI_H
#define ANPR_CTL_UI_H

#include "gateway/ctl/order.h"

#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>

#define UI_BODY_MAX    SIGNED_COMMAND_MAX
#define UI_HEADERS_MAX (16u << 10)
#define UI_PATH_MAX    2048
#define JOBS_MAX       24 /* a browser has at most 6 connections to one address */
#define STREAMS_MAX    8
#define SECRET_BYTES   32
#define SECRET_TEXT    (2 * SECRET_BYTES + 1)
#define NONCE_BYTES    16
#define SEALED_MAX     32 /* commands remembered, so that a repeat is the same one */

/* Who may speak to us: whoever had the address with the token first. */
struct session {
	char token[SECRET_TEXT];  /* "" = used */
	char cookie[SECRET_TEXT]; /* "" = nobody has one */
};

/* One command of the page, by its nonce, as it was signed. */
struct sealed {
	uint8_t nonce[NONCE_BYTES];
	struct digest draft; /* of the bytes that the page sent */
	struct buffer bytes; /* an envelope without texts; empty = not signed yet */
	bool used, busy;     /* busy: its job's alone */
};

struct ui {
	const struct options *o;
	struct credentials credentials;
	char who[WHO_MAX], organisation[65];
	unsigned port;
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener; /* evhttp's */
	struct session session;
	struct sealed sealed[SEALED_MAX];
	size_t next_sealed;
	int64_t active_at, idle_ms; /* monotonic; the newest request of the session */
	int news[2];                /* jobs say here what became of them */
	struct job *jobs;
	size_t n_jobs, n_streams;
	bool reporting; /* one at a time */
};

/* One request being answered. The browser's side is the serving thread's, the rest its own thread's until it
 * has told. */
struct job {
	struct ui *ui;
	struct evhttp_request *request; /* NULL: nobody waits for the answer any more */
	bool streams, over;             /* over: its thread has ended */
	int to_browser, from_gateway;   /* a stream's bytes on their way; -1 = closed */
	struct event *readable;
	void (*work)(struct job *job); /* in the job's thread */
	/* In the serving thread, once it has answered, and at its very end; NULL = nothing to do. */
	void (*after)(struct job *job), (*settle)(struct job *job);
	pthread_t thread;
	struct job *next;
	/* what is asked */
	char path[UI_PATH_MAX], last_event_id[256];
	Anpr__V1__SignedCommand *draft; /* of a command: its texts */
	Anpr__V1__Command *command;
	struct sealed *sealed;
	struct buffer outcome; /* for the terminal */
	/* what is answered */
	int status;
	bool refused; /* body: why, in words */
	struct api_about about;
	struct buffer body;
};

/* --- ui_session.c --- */
/* A new address to open, which takes the place of the one before; printed. */
void session_invite(struct ui *ui);
/* Whether the request is one that a page of ours, or a person, can have made. Whatever is not is answered. */
bool request_is_ours(struct ui *ui, struct evhttp_request *request);
/* Whether it comes from the browser that used the token; if not it is answered. The token itself is answered
 * too, with the cookie. */
bool session_admits(struct ui *ui, struct evhttp_request *request);

/* --- ui_serve.c --- */
/* Take connections. errors: USAGE, told: the port is taken. */
enum exit_code serve_start(struct ui *ui, unsigned port);
/* Answer with a body of this type; about->policy "" = one that permits nothing. */
void serve_reply(struct evhttp_request *request, int status, const struct api_about *about, struct span body);
void serve_headers(struct evhttp_request *request, const struct api_about *about);
/* In words: JSON under /v1/, a page elsewhere. `why` may hold what came from elsewhere. */
void serve_refuse(struct evhttp_request *request, int status, const char *why);

/* --- ui_job.c --- */
/* Answer the request by this work; it is answered here where that cannot be. */
struct job *job_new(struct ui *ui, struct evhttp_request *request, void (*work)(struct job *job));
void job_start(struct job *job);
/* The answer is there, or the stream began; work always says so, once. What was answered is the serving
 * thread's from now on. thread: the job's. */
void job_answer(struct job *job);
/* Why not, as the answer. */
void job_refuse(struct job *job, int status, const char *why);
/* Take what jobs say; an event's callback. */
void jobs_take(int fd, short events, void *ui);
/* After evhttp has gone: wait for their threads, which takes as long as what they ask does. */
void jobs_end(struct ui *ui);

/* --- ui_fetch.c: work of a job --- */
void fetch_work(struct job *job);
/* The gateway's answer, and that here one can sign. */
void whoami_work(struct job *job);
/* A response that does not end: what comes is passed on as it comes. */
void stream_work(struct job *job);

/* --- ui_report.c --- */
/* GET /v1/report?from=DAY&to=DAY&form=public|full: {"html", "json", "clean"}. No node is asked for it. */
void report_work(struct job *job);
/* In the serving thread, before its work. */
void report_begin(struct job *job);

/* --- ui_command.c --- */
/* The command in the request's body: decoded, told on the terminal, signed, sent. */
void command_take(struct ui *ui, struct evhttp_request *request);
void commands_free(struct ui *ui);

/* --- ui_words.c --- */
/* What a command asks for, in a line. */
MUST struct status command_words(const Anpr__V1__Command *command, struct buffer *out);

#endif

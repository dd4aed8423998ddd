/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrics of a watch, in Prometheus' text format, on the loopback address. Numbers, and the names of
 * offences: where they were found is told on standard output, not here.
 */
#include "gateway/ctl/watch_metrics.h"

#include "gateway/base/clock.h"
#include "gateway/config/config.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS 10 /* a connection that says nothing */

struct shown {
	struct verify_figures figures;
	uint64_t offences[OFFENCE_COUNT], head;
	uint64_t whole, failed; /* rounds */
	int64_t checked_ms;     /* monotonic: all that was committed by then is checked */
};

struct watch_metrics {
	struct event_base *base;
	struct evhttp *http;
	struct event *end;
	int ends[2]; /* a pipe: closed at one end, it is time to stop */
	pthread_t thread;
	bool runs;
	pthread_mutex_t lock;
	struct shown shown;
};

static const struct family {
	const char *name, *type, *help;
	size_t at; /* in the figures */
} families[] = {
	{"entries_total", "counter", "Journal entries that verified.",
		offsetof(struct verify_figures, entries)},
	{"ledger_records_total", "counter", "Ledger records checked.",
		offsetof(struct verify_figures, ledger_records)},
	{"accounts_total", "counter", "Accounts whose signature was checked.",
		offsetof(struct verify_figures, statements)},
	{"accounts_compared_total", "counter", "Accounts compared with the ledger.",
		offsetof(struct verify_figures, accounts_compared)},
	{"reads_total", "counter", "Reads on the topics decided again.",
		offsetof(struct verify_figures, reads)},
	{"reads_accounted_total", "counter", "Reads that the ledger accounts for.",
		offsetof(struct verify_figures, reads_accounted)},
	{"reads_gone_total", "counter", "Reads in the ledger that retention has removed.",
		offsetof(struct verify_figures, reads_gone)},
	{"not_enforced", "gauge", "Narrowing entries without a receipt so far.",
		offsetof(struct verify_figures, not_enforced)},
};

static void say(struct evbuffer *to, const char *name, const char *type, const char *help)
{
	evbuffer_add_printf(
		to, "# HELP anpr_verify_%s %s\n# TYPE anpr_verify_%s %s\n", name, help, name, type);
}

static void say_figures(struct evbuffer *to, const struct verify_figures *figures)
{
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		const struct family *f = &families[i];

		say(to, f->name, f->type, f->help);
		evbuffer_add_printf(to, "anpr_verify_%s %llu\n", f->name,
			(unsigned long long)*(const uint64_t *)((const char *)figures + f->at));
	}
}

static void say_offences(struct evbuffer *to, const uint64_t *offences)
{
	say(to, "offences_total", "counter",
		"Offences found, by kind; any other than 0 is to be looked into.");
	for (int kind = 1; kind < OFFENCE_COUNT; kind++)
		evbuffer_add_printf(to, "anpr_verify_offences_total{kind=\"%s\"} %llu\n",
			offence_name((enum offence_kind)kind), (unsigned long long)offences[kind]);
}

static void say_rounds(struct evbuffer *to, const struct shown *s)
{
	say(to, "rounds_total", "counter", "Times that everything new was looked at, or that this failed.");
	evbuffer_add_printf(
		to, "anpr_verify_rounds_total{result=\"whole\"} %llu\n", (unsigned long long)s->whole);
	evbuffer_add_printf(
		to, "anpr_verify_rounds_total{result=\"failed\"} %llu\n", (unsigned long long)s->failed);
	say(to, "lag_seconds", "gauge", "Age of the oldest record that may not be checked yet.");
	evbuffer_add_printf(
		to, "anpr_verify_lag_seconds %.3f\n", (double)(clock_monotonic_ms() - s->checked_ms) / 1000);
	say(to, "head", "gauge", "Number of the newest journal entry that verified.");
	evbuffer_add_printf(to, "anpr_verify_head %llu\n", (unsigned long long)s->head);
}

/* thread: the listener's. */
static void take(struct evhttp_request *request, void *context)
{
	struct watch_metrics *m = context;
	struct evbuffer *to = evbuffer_new();
	struct shown shown;

	pthread_mutex_lock(&m->lock);
	shown = m->shown;
	pthread_mutex_unlock(&m->lock);
	if (!to) {
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	say_figures(to, &shown.figures);
	say_offences(to, shown.offences);
	say_rounds(to, &shown);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
		"text/plain; version=0.0.4; charset=utf-8");
	evhttp_send_reply(request, HTTP_OK, NULL, to);
	evbuffer_free(to);
}

static void on_end(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
}

static void *run(void *context)
{
	struct watch_metrics *m = context;
	sigset_t gone;

	/* A reader that hangs up is no reason to end. */
	sigemptyset(&gone);
	sigaddset(&gone, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &gone, NULL);
	event_base_dispatch(m->base);
	return NULL;
}

static struct status begin(struct watch_metrics *m, const struct config_listen *at, struct error *e)
{
	m->base = event_base_new();
	m->http = m->base ? evhttp_new(m->base) : NULL;
	if (!m->http || pipe2(m->ends, O_CLOEXEC) != 0)
		return error_set(e, "no room to serve metrics");
	m->end = event_new(m->base, m->ends[0], EV_READ, on_end, m->base);
	if (!m->end || event_add(m->end, NULL) != 0)
		return error_set(e, "no room to serve metrics");
	evhttp_set_cb(m->http, "/metrics", take, m);
	evhttp_set_allowed_methods(m->http, EVHTTP_REQ_GET);
	evhttp_set_max_body_size(m->http, 0);
	evhttp_set_timeout(m->http, SECONDS);
	if (evhttp_bind_socket(m->http, at->address, at->port) != 0)
		return error_set(e, "metrics cannot be served at %s:%u: is it taken?", at->address, at->port);
	m->runs = pthread_create(&m->thread, NULL, run, m) == 0;
	return m->runs ? S_OK : error_set(e, "no thread to serve metrics");
}

struct status watch_metrics_start(const char *listen, struct watch_metrics **out, struct error *e)
{
	struct watch_metrics *m = calloc(1, sizeof *m);
	struct config_listen at = {0};
	const char *why;
	struct status status;

	REQUIRE(m, S_OVERLOAD);
	m->ends[0] = m->ends[1] = -1;
	m->shown.checked_ms = clock_monotonic_ms();
	pthread_mutex_init(&m->lock, NULL);
	why = config_metrics_parse(listen, &at);
	status = why ? error_set(e, "--metrics %s: %s", listen, why) : begin(m, &at, e);
	if (!why)
		free(at.address);
	if (ok(status))
		*out = m;
	else
		watch_metrics_stop(m);
	return status;
}

void watch_metrics_show(struct watch_metrics *m, const struct verification *v)
{
	struct digest hash;

	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->shown.figures = *verification_figures(v);
	m->shown.head = verification_head(v, &hash);
	for (int kind = 1; kind < OFFENCE_COUNT; kind++) {
		const struct offence *o = verification_offence(v, (enum offence_kind)kind);

		m->shown.offences[kind] = o ? o->n : 0;
	}
	pthread_mutex_unlock(&m->lock);
}

void watch_metrics_round(struct watch_metrics *m, int64_t began_ms, bool whole)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	if (whole)
		m->shown.checked_ms = began_ms;
	m->shown.whole += whole;
	m->shown.failed += !whole;
	pthread_mutex_unlock(&m->lock);
}

void watch_metrics_stop(struct watch_metrics *m)
{
	if (!m)
		return;
	if (m->ends[1] >= 0)
		close(m->ends[1]);
	if (m->runs)
		pthread_join(m->thread, NULL);
	if (m->end)
		event_free(m->end);
	if (m->http)
		evhttp_free(m->http);
	if (m->base)
		event_base_free(m->base);
	if (m->ends[0] >= 0)
		close(m->ends[0]);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

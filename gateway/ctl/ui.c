/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl ui: the gateway's page on this machine's loopback address, with this person's certificate, and
 * their signature under what they decide there. Its life is here: what it begins with, what ends it.
 */
#include "gateway/ctl/ui.h"

#include "gateway/base/clock.h"
#include "gateway/text/fields.h"

#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define IDLE_MS     (INT64_C(30) * 60 * 1000)
#define IDLE_MIN_MS 1000
#define IDLE_MAX_MS (INT64_C(24) * 3600 * 1000)

static void end(struct ui *ui, const char *why)
{
	if (!ui->o->json)
		printf("anprctl ui ends: %s.\n", why);
	event_base_loopbreak(ui->base);
}

/* The second one kills, as it does where nobody listens. */
static void stopped(int number, short events, void *self)
{
	(void)events;
	signal(number, SIG_DFL);
	end(self, "you stopped it");
}

static void tick(int fd, short events, void *self)
{
	struct ui *ui = self;

	(void)fd, (void)events;
	evconnlistener_enable(ui->listener); /* in case descriptors had run out */
	if (clock_monotonic_ms() - ui->active_at > ui->idle_ms)
		end(ui, "nobody used it for a while (--idle); start it again when you need it");
}

/* Enter: another address. */
static void typed(int fd, short events, void *self)
{
	char line[256];
	ssize_t n = read(fd, line, sizeof line);

	(void)events;
	if (n > 0 && memchr(line, '\n', (size_t)n))
		session_invite(self);
	if (n == 0)
		end(self, "its terminal has gone");
}

struct watched {
	struct event *news, *tick, *interrupt, *terminate, *typed;
};

static struct event *watch(struct ui *ui, int fd, short what, event_callback_fn call, int seconds)
{
	struct timeval every = {.tv_sec = seconds};
	struct event *event = event_new(ui->base, fd, (short)(what | EV_PERSIST), call, ui);

	if (!event || event_add(event, seconds ? &every : NULL) != 0)
		abort();
	return event;
}

static void watch_all(struct ui *ui, struct watched *w)
{
	w->news = watch(ui, ui->news[0], EV_READ, jobs_take, 0);
	w->tick = watch(ui, -1, 0, tick, 1);
	w->interrupt = watch(ui, SIGINT, EV_SIGNAL, stopped, 0);
	w->terminate = watch(ui, SIGTERM, EV_SIGNAL, stopped, 0);
	/* In the background the terminal is somebody else's. */
	w->typed = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp()
			   ? watch(ui, STDIN_FILENO, EV_READ, typed, 0)
			   : NULL;
}

static void unwatch(struct watched *w)
{
	struct event *all[] = {w->news, w->tick, w->interrupt, w->terminate, w->typed};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i])
			event_free(all[i]);
}

static void greet(struct ui *ui)
{
	if (!ui->o->json)
		printf("You are %s. What you decide on the page is signed here, with your key, and shown "
		       "here before\n"
		       "it is sent. Enter gives another address; Ctrl-C ends it.\n\n",
			ui->who);
	session_invite(ui);
}

static enum exit_code serve(struct ui *ui, unsigned port)
{
	struct watched watched;
	enum exit_code code = serve_start(ui, port);

	if (code == DONE) {
		watch_all(ui, &watched);
		ui->active_at = clock_monotonic_ms();
		greet(ui);
		event_base_dispatch(ui->base);
		unwatch(&watched);
	}
	if (ui->http)
		evhttp_free(ui->http);
	jobs_end(ui);
	return code;
}

/* A key that does not fit its certificate shows now, not when something has to be stopped. */
static enum exit_code key_check(const struct ui *ui)
{
	struct buffer signature = {0};
	struct error e = {0};
	struct status status = cms_sign(buffer_span(&ui->credentials.cert), buffer_span(&ui->credentials.key),
		span_text("anprctl ui"), &signature, &e);

	buffer_free(&signature);
	return ok(status) ? DONE : fail_with(ui->o, USAGE, &e);
}

static enum exit_code options_take(const struct options *o, unsigned *port, int64_t *idle_ms)
{
	char *rest = "";
	unsigned long number = o->port ? strtoul(o->port, &rest, 10) : 0;

	*idle_ms = IDLE_MS;
	if (o->port && (*o->port < '0' || *o->port > '9' || *rest || number > 65535))
		return fail(o, USAGE, "--port takes a number up to 65535");
	if (o->idle && (!duration_take(span_text(o->idle), idle_ms) || *idle_ms < IDLE_MIN_MS ||
			       *idle_ms > IDLE_MAX_MS))
		return fail(o, USAGE, "--idle takes a time such as 30m; a second to a day");
	*port = (unsigned)number;
	return DONE;
}

/* Its memory holds the key for as long as it runs: it leaves no dump of that. */
static bool begin(struct ui *ui)
{
	struct rlimit none = {0};

	ui->base = event_base_new();
	return ui->base && pipe2(ui->news, O_CLOEXEC) == 0 && fcntl(ui->news[0], F_SETFL, O_NONBLOCK) == 0 &&
	       setrlimit(RLIMIT_CORE, &none) == 0;
}

static void finish(struct ui *ui)
{
	commands_free(ui);
	credentials_free(&ui->credentials);
	for (size_t i = 0; i < 2; i++)
		if (ui->news[i] >= 0)
			close(ui->news[i]);
	if (ui->base)
		event_base_free(ui->base);
}

static enum exit_code open_page(struct options *o)
{
	struct ui ui = {.o = o, .news = {-1, -1}};
	unsigned port = 0;
	enum exit_code code = options_take(o, &port, &ui.idle_ms);

	if (code == DONE)
		code = credentials_read(o, &ui.credentials);
	if (code == DONE)
		code = order_who(o, &ui.credentials, ui.who, ui.organisation);
	if (code == DONE)
		code = key_check(&ui);
	if (code == DONE)
		code = begin(&ui) ? serve(&ui, port) : fail(o, REFUSED, "cannot begin: %s", strerror(errno));
	finish(&ui);
	return code;
}

static const struct option_row ui_options[] = {
	OPTION(OPTION_TEXT, "port", "N", "of 127.0.0.1; any that is free unless told", port),
	OPTION(OPTION_TEXT, "prefix", "TEXT",
		"for reports: what the names of the gateway's topics begin with, before 'anpr.'", prefix),
	OPTION(OPTION_TEXT, "idle", "TIME", "end when unused for so long: 30m unless told", idle),
	{0},
};

const struct verb verb_ui = {
	.name = "ui",
	.arguments = "[--port N] [--idle TIME]",
	.summary = "the gateway's page in your browser, with your certificate and signature",
	.help = "Shows the gateway's page at an address of this machine that only your browser can use, and "
		"prints that\n"
		"address. The page sees what you may see. What you decide there (off, on, propose, approve, "
		"refuse,\n"
		"withdraw) is shown here in a line, signed with your key, and sent, as the other verbs do; "
		"the key\n"
		"stays in this program.\n"
		"\n"
		"  anprctl ui\n"
		"  anprctl ui --port 8800 --idle 2h       always the same port; for a long day\n"
		"\n"
		"The address works once, for the browser that opens it first: give it to nobody. For "
		"another browser,\n"
		"or after a mistake, press Enter here for a new one; the old browser is then shut out. "
		"Ctrl-C ends it,\n"
		"and so does a page that asks nothing for the time of --idle (watching alone does not "
		"count).\n"
		"Reports are made here, straight from Kafka (--kafka and the certificate for it, as for "
		"'anprctl report').\n"
		"With --json each line is JSON: the address, what is signed, what became of it.\n",
	.options = ui_options,
	.common = {connection_options, kafka_options},
	.run = open_page,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * The admin process's life: told its keys by the supervisor and its trust roots by the core, it serves until
 * either of them hangs up.
 */
#include "gateway/admin/admin.h"

#include "gateway/admin/server.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"

#include <openssl/crypto.h>
#include <signal.h>

#define SWEEP_MS         250L
#define CONTROL_BODY_MAX (4u << 20)

void server_end(struct server *s, int status)
{
	s->status = status;
	event_base_loopbreak(s->base);
}

static struct status trust_new(struct server *s, const Anpr__V1__TrustRoots *roots, struct error *e)
{
	struct status status = tls_trust(&s->tls, roots, e);

	for (size_t i = 0; i < e->n; i++)
		log_error("trust root left out", "problem=%s", LOG_QUOTE(e->items[i].text));
	error_free(e);
	TRY(status);
	TRY(listen_start(s, e));
	log_info("trust roots taken", "organisations=%zu certificates=%zu", roots->n_roots, s->tls.n_roots);
	peers_check(s); /* whoever is under a root that is gone, or revoked, goes */
	return S_OK;
}

static struct status trust(struct server *s, struct span body, struct error *e)
{
	struct digest digest = digest_of(body);
	Anpr__V1__TrustRoots *roots;
	struct status status;

	if (s->tls.context && digest_equal(&digest, &s->trusted))
		return S_OK; /* the same again */
	roots = anpr__v1__trust_roots__unpack(NULL, body.n, body.p);
	if (!roots)
		return error_set(e, "trust roots that cannot be read");
	status = trust_new(s, roots, e);
	s->trusted = digest;
	anpr__v1__trust_roots__free_unpacked(roots, NULL);
	return status;
}

/* The core and the supervisor do not wait for each other. */
static struct status trust_or_keep(struct server *s, struct span body, struct error *e)
{
	if (s->tls.key)
		return trust(s, body, e);
	s->early.n = 0;
	return buffer_append(&s->early, body);
}

static struct status set_up_with(struct server *s, const Anpr__V1__AdminSetup *setup, struct error *e)
{
	TRY(tls_load(&s->tls, setup->cert_pem, setup->key_pem, e));
	TRY(listen_bind(setup->listen_address, setup->listen_port, &s->socket, e));
	if (*setup->metrics_address)
		TRY(metrics_start(s, setup->metrics_address, setup->metrics_port, e));
	log_info("admin is set up", "address=%s port=%u", LOG_QUOTE(setup->listen_address),
		setup->listen_port);
	if (s->early.n > 0)
		TRY(trust(s, buffer_span(&s->early), e));
	buffer_free(&s->early);
	return channel_send(&s->control, FRAME_READY, (struct span){0}, -1);
}

static struct status set_up(struct server *s, struct span body, struct error *e)
{
	Anpr__V1__AdminSetup *setup = anpr__v1__admin_setup__unpack(NULL, body.n, body.p);
	struct status status;

	/* The key lies in what came and in what was made of it; neither outlives this function. */
	OPENSSL_cleanse((void *)body.p, body.n);
	if (!setup || s->tls.key)
		return error_set(e, "the supervisor said something else than a setup");
	status = set_up_with(s, setup, e);
	OPENSSL_cleanse(setup->key_pem, strlen(setup->key_pem));
	anpr__v1__admin_setup__free_unpacked(setup, NULL);
	return status;
}

static void fail(struct server *s, const char *who, struct error *e)
{
	log_error("admin ends", "because=%s problem=%s", who, LOG_QUOTE(error_text(e)));
	server_end(s, 1);
}

static void control_ready(int fd, short events, void *server)
{
	struct server *s = server;
	struct error e = {0};
	enum frame_type type;
	struct span body;
	struct status status;

	(void)fd, (void)events;
	while (ok(status = channel_receive(&s->control, &type, &body)))
		if (type != FRAME_ADMIN_SETUP || !ok(status = set_up(s, body, &e)))
			break;
	if (status.kind == STATUS_REFUSED && e.n == 0)
		server_end(s, 0); /* the supervisor has gone */
	else if (status.kind != STATUS_WAIT)
		fail(s, "supervisor", &e);
	error_free(&e);
}

static struct status core_take(struct server *s, enum frame_type type, struct span body, struct error *e)
{
	if (type == FRAME_TRUST_ROOTS)
		return trust_or_keep(s, body, e);
	if (type == FRAME_ADMIN_RESPONSE)
		return request_answer(s, body);
	return error_set(e, "a frame of type %d came", (int)type);
}

static void core_ready(int fd, short events, void *server)
{
	struct server *s = server;
	struct error e = {0};
	enum frame_type type;
	struct span body;
	struct status status = S_WAIT;

	(void)fd;
	if (events & EV_WRITE)
		status = channel_flush(&s->core);
	if (events & EV_READ && status.kind != STATUS_REFUSED) {
		while (ok(status = channel_receive(&s->core, &type, &body)))
			if (!ok(status = core_take(s, type, body, &e)))
				break;
	}
	if (status.kind == STATUS_REFUSED && e.n == 0)
		server_end(s, 0); /* the core has gone; the supervisor starts both again */
	else if (!ok(status) && status.kind != STATUS_WAIT)
		fail(s, "core", &e);
	else
		core_wait(s);
	error_free(&e);
}

void core_wait(struct server *s)
{
	short want = EV_READ | EV_PERSIST | (channel_waiting(&s->core) > 0 ? EV_WRITE : 0);

	if (event_get_events(s->core_event) == want)
		return;
	event_del(s->core_event);
	event_assign(s->core_event, s->base, s->core.fd, want, core_ready, s);
	event_add(s->core_event, NULL);
}

static void sweep(int fd, short events, void *server)
{
	int64_t now = clock_monotonic_ms();

	(void)fd, (void)events;
	requests_sweep(server, now);
	events_sweep(server, now);
	peers_sweep(server, now);
}

static bool start(struct server *s)
{
	static const struct timeval every = {.tv_usec = SWEEP_MS * 1000};

	s->base = event_base_new();
	if (!s->base)
		return false;
	s->control_event = event_new(s->base, s->control.fd, EV_READ | EV_PERSIST, control_ready, s);
	s->core_event = event_new(s->base, s->core.fd, EV_READ | EV_PERSIST, core_ready, s);
	s->sweep_event = event_new(s->base, -1, EV_PERSIST, sweep, s);
	return s->control_event && s->core_event && s->sweep_event &&
	       event_add(s->control_event, NULL) == 0 && event_add(s->core_event, NULL) == 0 &&
	       event_add(s->sweep_event, &every) == 0;
}

static void end(struct server *s)
{
	struct event *events[] = {s->control_event, s->core_event, s->sweep_event};

	listen_stop(s);
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i])
			event_free(events[i]);
	if (s->base)
		event_base_free(s->base);
	tls_free(&s->tls);
	buffer_free(&s->early);
	channel_fini(&s->control);
	channel_fini(&s->core);
}

int admin_main(int control_fd, int core_fd)
{
	struct server s = {.socket = -1};

	signal(SIGPIPE, SIG_IGN);
	channel_init(&s.control, control_fd, CONTROL_BODY_MAX);
	channel_init(&s.core, core_fd, FRAME_BODY_MAX);
	if (start(&s))
		event_base_dispatch(s.base);
	else
		s.status = 1;
	end(&s);
	return s.status;
}

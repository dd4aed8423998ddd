/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's main thread: descriptors from the supervisor, questions from the admin process, signals. It
 * never waits for Kafka.
 */
#include "gateway/core/core.h"

#include "gateway/base/file.h"
#include "gateway/core/core_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define KEY_MAX (64u << 10)
#define LOOK_MS 1000

/* --- shared with the other threads --- */

void core_changed(void *context)
{
	struct core *core = context;
	uint64_t one = 1;

	pthread_mutex_lock(&core->lock);
	core->changes++;
	pthread_cond_broadcast(&core->changed);
	for (uint32_t k = 0; core->publishers && k < core->n_publishers; k++)
		publisher_wake(core->publishers[k]);
	pthread_mutex_unlock(&core->lock);
	/* A full counter has woken it already. */
	if (write(core->wake_fd, &one, sizeof one) < 0)
		return;
}

void core_await_change(struct core *core, uint64_t *seen, int timeout_ms)
{
	struct timespec until;
	int waited = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	pthread_mutex_lock(&core->lock);
	while (core->changes == *seen && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&core->changed, &core->lock, &until);
	*seen = core->changes;
	pthread_mutex_unlock(&core->lock);
}

void core_answer(struct core *core, uint64_t id, uint32_t status, char *body)
{
	core_answer_as(core, id, status, "application/json", body);
}

void core_answer_as(struct core *core, uint64_t id, uint32_t status, const char *type, char *body)
{
	struct answer *a = calloc(1, sizeof *a);
	uint64_t one = 1;

	if (!a) {
		free(body);
		return;
	}
	*a = (struct answer){.id = id, .status = status, .type = type, .body = body};
	pthread_mutex_lock(&core->lock);
	a->next = core->answers;
	core->answers = a;
	pthread_mutex_unlock(&core->lock);
	if (write(core->wake_fd, &one, sizeof one) < 0)
		return;
}

static void keep_attachment(struct core *core, const char *partner, int fd)
{
	struct attachment_list *a = calloc(1, sizeof *a);

	if (!a || !(a->partner = strdup(partner))) {
		free(a);
		close(fd);
		return;
	}
	a->fd = fd;
	a->next = core->attachments;
	core->attachments = a;
}

struct publisher *core_publisher(struct core *core, const char *partner)
{
	return core->publishers[murmur2_partition(span_text(partner), core->n_publishers)];
}

void core_attach(struct core *core, const char *partner, int fd)
{
	pthread_mutex_lock(&core->lock);
	if (core->publishers)
		publisher_attach(core_publisher(core, partner), partner, fd);
	else
		keep_attachment(core, partner, fd);
	pthread_mutex_unlock(&core->lock);
}

void core_hold(struct core *core, const char *partner, int change)
{
	holds_change(&core->holds, partner, change);
	pthread_mutex_lock(&core->lock);
	for (uint32_t k = 0; core->publishers && k < core->n_publishers; k++)
		publisher_hold(core->publishers[k]);
	pthread_mutex_unlock(&core->lock);
}

/* --- the main thread --- */

struct loop {
	struct core *core;
	struct channel control, admin; /* admin.fd -1 = none attached */
	int signals;
	int64_t looked_ms; /* for stop files; monotonic */
	uint64_t roots_of; /* journal version whose trust roots admin has; 0 = none sent */
	bool stop;
};

static void take_attach(struct loop *l, struct span body)
{
	Anpr__V1__Attach *m = anpr__v1__attach__unpack(NULL, body.n, body.p);
	int fd = l->control.received_fd;

	l->control.received_fd = -1;
	if (m && fd >= 0 && m->peer == ANPR__V1__ATTACH__PEER__PEER_SOURCE) {
		core_attach(l->core, m->partner, fd);
	} else if (m && fd >= 0 && m->peer == ANPR__V1__ATTACH__PEER__PEER_ADMIN) {
		if (l->admin.fd >= 0)
			channel_fini(&l->admin);
		channel_init(&l->admin, fd, FRAME_BODY_MAX);
		l->roots_of = 0;
	} else if (fd >= 0) {
		close(fd);
	}
	if (m)
		anpr__v1__attach__free_unpacked(m, NULL);
}

static void serve_control(struct loop *l)
{
	enum frame_type type;
	struct span body;
	struct status status;

	while (ok(status = channel_receive(&l->control, &type, &body)))
		if (type == FRAME_ATTACH)
			take_attach(l, body);
	if (status.kind != STATUS_WAIT)
		l->stop = true; /* the supervisor is gone */
}

static void drop_admin(struct loop *l)
{
	channel_fini(&l->admin);
	l->admin.fd = -1;
}

static void serve_admin(struct loop *l)
{
	enum frame_type type;
	struct span body;
	struct status status;

	while (ok(status = channel_receive(&l->admin, &type, &body))) {
		Anpr__V1__AdminRequest *request =
			type == FRAME_ADMIN_REQUEST ? anpr__v1__admin_request__unpack(NULL, body.n, body.p)
						    : NULL;

		if (!request) {
			drop_admin(l);
			return;
		}
		api_handle(l->core, request);
		anpr__v1__admin_request__free_unpacked(request, NULL);
	}
	if (status.kind != STATUS_WAIT)
		drop_admin(l);
}

/* --- to the admin process --- */

static struct status send_message(struct loop *l, enum frame_type type, const ProtobufCMessage *message)
{
	struct buffer body = {0};
	size_t n = protobuf_c_message_get_packed_size(message);
	struct status status = buffer_reserve(&body, n);

	if (ok(status)) {
		body.n = protobuf_c_message_pack(message, body.p);
		status = channel_send(&l->admin, type, buffer_span(&body), -1);
	}
	buffer_free(&body);
	return status;
}

static void send_answers(struct loop *l)
{
	struct answer *list;

	pthread_mutex_lock(&l->core->lock);
	list = l->core->answers;
	l->core->answers = NULL;
	pthread_mutex_unlock(&l->core->lock);
	while (list) {
		struct answer *next = list->next;
		Anpr__V1__AdminResponse m = ANPR__V1__ADMIN_RESPONSE__INIT;

		m.id = list->id;
		m.status = list->status;
		m.content_type = (char *)list->type;
		m.body.data = (uint8_t *)list->body;
		m.body.len = list->body ? strlen(list->body) : 0;
		if (l->admin.fd >= 0 && send_message(l, FRAME_ADMIN_RESPONSE, &m.base).kind == STATUS_REFUSED)
			drop_admin(l);
		free(list->body);
		free(list);
		list = next;
	}
}

struct roots {
	struct loop *loop;
	uint64_t version;
	bool sent;
};

static void look_roots(void *context, const struct governance *g)
{
	struct roots *r = context;
	const struct governance_organisation *list;
	size_t n = governance_organisations(g, &list);
	Anpr__V1__TrustRoots m = ANPR__V1__TRUST_ROOTS__INIT;
	struct arena arena = {0};

	m.roots = arena_alloc(&arena, n * sizeof *m.roots);
	for (size_t i = 0; m.roots && i < n; i++) {
		Anpr__V1__TrustRoot *root = arena_alloc(&arena, sizeof *root);

		if (!root)
			break;
		anpr__v1__trust_root__init(root);
		root->organisation = (char *)list[i].id;
		root->ca_pem = arena_text(&arena, list[i].ca_pem);
		root->revocation_lists =
			arena_alloc(&arena, (list[i].n_revoked + 1) * sizeof *root->revocation_lists);
		for (size_t k = 0; root->revocation_lists && k < list[i].n_revoked; k++)
			root->revocation_lists[root->n_revocation_lists++] =
				(ProtobufCBinaryData){list[i].revoked[k].n, (uint8_t *)list[i].revoked[k].p};
		m.roots[m.n_roots++] = root;
	}
	r->sent = n > 0 && m.n_roots == n && ok(send_message(r->loop, FRAME_TRUST_ROOTS, &m.base));
	arena_free(&arena);
}

static void send_roots(struct loop *l)
{
	struct roots r = {.loop = l, .version = journal_version(l->core->journal)};

	if (l->admin.fd < 0 || r.version == 0 || r.version == l->roots_of)
		return;
	journal_look(l->core->journal, look_roots, &r);
	if (r.sent)
		l->roots_of = r.version;
}

/* --- its life --- */

static void serve_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof info) == sizeof info)
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			l->stop = true;
}

static void drain_wake(struct core *core)
{
	uint64_t count;

	/* Nothing to drain is as good. */
	if (read(core->wake_fd, &count, sizeof count) < 0)
		return;
}

/* Also now and then without being told: a folder that was replaced says nothing. */
static void look_for_stops(struct loop *l, bool told)
{
	int64_t now = clock_monotonic_ms();

	if (!told && now - l->looked_ms < LOOK_MS)
		return;
	l->looked_ms = now;
	stop_files_notice(l->core);
}

static void loop_once(struct loop *l)
{
	struct pollfd fds[5] = {
		{.fd = l->control.fd, .events = channel_events(&l->control)},
		{.fd = l->core->wake_fd, .events = POLLIN},
		{.fd = l->signals, .events = POLLIN},
		{.fd = l->admin.fd, .events = (short)(l->admin.fd >= 0 ? channel_events(&l->admin) : 0)},
		{.fd = stop_files_fd(l->core), .events = POLLIN},
	};

	if (poll(fds, 5, LOOK_MS) < 0 && errno != EINTR)
		l->stop = true;
	look_for_stops(l, fds[4].revents != 0);
	drain_wake(l->core);
	serve_signals(l);
	serve_control(l);
	if (l->admin.fd >= 0)
		serve_admin(l);
	send_roots(l);
	send_answers(l);
	if (l->admin.fd >= 0 && channel_flush(&l->admin).kind == STATUS_REFUSED)
		drop_admin(l);
	if (atomic_load(&l->core->failed))
		l->stop = true;
}

static struct status read_keys(struct core *core, struct error *e)
{
	const struct config *c = core->config;
	struct buffer signing = {0};
	struct status status;

	TRY(file_read(c->kafka.ca, KEY_MAX, &core->ca_pem, e));
	TRY(file_read(c->kafka.cert, KEY_MAX, &core->cert_pem, e));
	TRY(file_read_private(c->kafka.key, KEY_MAX, &core->key_pem, e));
	TRY(file_read_private(c->signing_key, KEY_MAX, &signing, e));
	status = node_key_parse(buffer_span(&signing), &core->key, e);
	buffer_free(&signing);
	core->kafka = (struct kafka_config){
		.brokers = c->brokers,
		.ca_pem = buffer_text(&core->ca_pem),
		.cert_pem = buffer_text(&core->cert_pem),
		.key_pem = buffer_text(&core->key_pem),
		.client_id = c->gateway_id,
	};
	return status;
}

static struct status core_open(struct core *core, struct error *e)
{
	struct journal_options options = {
		.kafka = &core->kafka,
		.topic = core->config->topics.journal,
		.documents_topic = core->config->topics.documents,
		.node = core->config->gateway_id,
		.state_dir = core->config->state_dir,
		.changed = core_changed,
		.context = core,
	};

	pthread_mutex_init(&core->lock, NULL);
	holds_init(&core->holds);
	pthread_mutex_init(&core->recording, NULL);
	pthread_cond_init(&core->changed, NULL);
	core->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	TRY(read_keys(core, e));
	TRY(file_make_folder(core->config->state_dir, e));
	TRY(stop_files_open(core, e));
	TRY(surroundings_open(core, e));
	core->nodes = nodes_new(core);
	REQUIRE(core->nodes, S_OVERLOAD);
	options.key = core->key;
	TRY(journal_start(&options, &core->journal, e));
	if (core->wake_fd < 0 || pthread_create(&core->starter, NULL, start_run, core) != 0)
		return error_set(e, "cannot start a thread: %s", strerror(errno));
	return S_OK;
}

/* Publishers first, while the journal still answers them. */
static void core_close(struct core *core)
{
	struct publisher **publishers;

	atomic_store(&core->stopping, true);
	nodes_leave(core->nodes);
	core_changed(core);
	pthread_join(core->starter, NULL);
	pthread_mutex_lock(&core->lock);
	publishers = core->publishers;
	core->publishers = NULL; /* nobody else finds them any more */
	pthread_mutex_unlock(&core->lock);
	for (uint32_t k = 0; publishers && k < core->n_publishers; k++)
		publisher_stop(publishers[k]);
	nodes_end(core->nodes); /* it knows the publishers */
	for (uint32_t k = 0; publishers && k < core->n_publishers; k++)
		publisher_join(publishers[k]);
	pthread_mutex_lock(&core->lock);
	while (core->commands > 0)
		pthread_cond_wait(&core->changed, &core->lock);
	pthread_mutex_unlock(&core->lock);
	journal_stop(core->journal);
	stop_files_close(core);
	surroundings_close(core);
	holds_fini(&core->holds);
	free(publishers);
	trial_release(core->trial);
	node_key_free(core->key);
	buffer_free(&core->ca_pem);
	buffer_free(&core->cert_pem);
	buffer_free(&core->key_pem);
	close(core->wake_fd);
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int core_main(const struct config *config, int control_fd)
{
	struct core core = {.config = config};
	struct loop loop = {.core = &core, .admin.fd = -1, .signals = block_signals()};
	struct error e = {0};

	if (!ok(core_open(&core, &e))) {
		log_error("cannot start", "detail=%s", LOG_QUOTE(error_text(&e)));
		error_free(&e);
		return 1;
	}
	channel_init(&loop.control, control_fd, FRAME_BODY_MAX);
	loop.stop = !ok(channel_send(&loop.control, FRAME_READY, (struct span){0}, -1));
	while (!loop.stop)
		loop_once(&loop);
	log_info("stopping", "version=%llu", (unsigned long long)journal_version(core.journal));
	core_close(&core);
	if (loop.admin.fd >= 0)
		channel_fini(&loop.admin);
	channel_fini(&loop.control);
	close(loop.signals);
	log_info("stopped", "%s", "");
	return atomic_load(&core.failed) ? 1 : 0;
}

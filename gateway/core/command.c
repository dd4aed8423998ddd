/* SPDX-License-Identifier: Apache-2.0
 *
 * Carrying a person's command out. What narrows takes effect in memory first, then in the journal, then at
 * the fence; the answer says how far it has got and never more (DESIGN.md 3, Off):
 *
 * - 200 done: what there was to enforce is, and the receipt is in it;
 * - 202 recorded: in the journal; fencing goes on;
 * - 202 stopped_here: nothing leaves this node; to be recorded when the broker is back;
 * - 400, 403: refused, and why;
 * - 503: not done; nothing is known to have been appended.
 */
#include "gateway/core/core_internal.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define COMMANDS_MAX 64
#define RECORD_MS    2000 /* of a narrowing: then it is kept as a stop file */
#define WIDEN_MS     6000
#define LATER_MS     1000 /* between attempts to record a stop */
#define ANSWER_MS    4400 /* within the 5 s a person is promised */

struct job {
	struct core *core;
	uint64_t id;
	struct buffer body;        /* a SignedCommand */
	struct buffer certificate; /* of who is on the connection, DER */
	int64_t deadline;          /* monotonic */
	struct utc_ms accepted;
	char *change; /* what a proposal changes: JSON, told with the answer; NULL = it is about none */
};

/* --- appending --- */

struct preparation {
	struct command_append *append;
	struct ruling ruling;
	Anpr__V1__Decree *decree;
};

static void preparation_clear(struct preparation *p)
{
	if (p->decree)
		decree_free(p->decree);
	p->decree = NULL;
	ruling_free(&p->ruling);
	p->ruling = (struct ruling){0};
}

static struct status prepare(void *context, const struct governance *g, struct utc_ms now,
	Anpr__V1__JournalEntry *body, struct error *e)
{
	struct preparation *p = context;

	preparation_clear(p);
	TRY(governance_judge(g, p->append->signed_command, now, &p->ruling, e));
	p->append->fences = p->ruling.fences;
	if (p->ruling.already) {
		p->append->entry = p->ruling.already;
		p->append->already = true;
		return S_WAIT; /* nothing to append */
	}
	p->decree = ruling_decree(&p->ruling, p->append->signed_command, p->append->accepted);
	REQUIRE(p->decree, S_OVERLOAD);
	body->body_case = ANPR__V1__JOURNAL_ENTRY__BODY_DECREE;
	body->decree = p->decree;
	return S_OK;
}

struct status command_append(
	struct core *core, struct command_append *append, int timeout_ms, struct error *e)
{
	struct preparation p = {.append = append};
	struct journal_append request = {
		.prepare = prepare, .context = &p, .texts = append->texts, .timeout_ms = timeout_ms};
	struct status status = journal_append(core->journal, &request, e);

	if (status.kind == STATUS_WAIT && append->already)
		status = S_OK;
	else if (ok(status))
		append->entry = request.entry;
	if (ok(status) && p.ruling.effect)
		append->effect = strdup(p.ruling.effect);
	if (ok(status) && p.ruling.change)
		append->change = strdup(p.ruling.change);
	preparation_clear(&p);
	return status;
}

/* --- answering --- */

static void answer(struct job *job, uint32_t status, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	core_answer(job->core, job->id, status, text);
}

static void refuse(struct job *job, struct status status, struct error *e)
{
	uint32_t code = 503;

	if (status.kind == STATUS_BAD_INPUT)
		code = 400;
	else if (status.kind == STATUS_REFUSED)
		code = 403;
	answer(job, code,
		json_pack("{s:s}", "error",
			e->n ? error_text(e)
			     : "the broker did not answer in time; nothing is known to have been recorded: "
			       "try again"));
}

static json_t *fenced_view(const Anpr__V1__FencedPublisher *f)
{
	json_t *feeds = json_array();

	for (size_t i = 0; i < f->n_feeds; i++)
		json_array_append_new(feeds,
			json_pack("{s:s,s:s,s:I}", "partner", f->feeds[i]->partner, "topic",
				f->feeds[i]->topic, "last_sequence", (json_int_t)f->feeds[i]->last_sequence));
	return json_pack("{s:i,s:s,s:o}", "publisher", (int)f->publisher, "fenced_at",
		CLOCK_TEXT((struct utc_ms){f->fenced_at_ms}), "feeds", feeds);
}

/* The caller frees. */
static char *base64(struct span bytes)
{
	char *text = bytes.n < INT32_MAX / 2 ? malloc((bytes.n + 2) / 3 * 4 + 1) : NULL;

	if (text)
		EVP_EncodeBlock((unsigned char *)text, bytes.p, (int)bytes.n);
	return text;
}

static json_t *receipt_view(uint64_t by, struct span stored)
{
	struct journal_entry entry = {0};
	json_t *receipt = NULL, *publishers = json_array();

	if (ok(journal_entry_decode(stored, &entry, NULL)) &&
		entry.body->body_case == ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED) {
		const Anpr__V1__Enforced *m = entry.body->enforced;
		char *text = base64(stored);

		for (size_t i = 0; i < m->n_publishers; i++)
			json_array_append_new(publishers, fenced_view(m->publishers[i]));
		receipt = json_pack("{s:I,s:s,s:s,s:I,s:O,s:s?}", "entry", (json_int_t)by, "hash",
			DIGEST_TEXT(&entry.hash), "time", CLOCK_TEXT((struct utc_ms){entry.body->time_ms}),
			"took_ms", (json_int_t)m->took_ms, "publishers", publishers, "stored", text);
		free(text);
	}
	json_decref(publishers);
	journal_entry_free(&entry);
	return receipt;
}

/* --- what a receipt still waits for --- */

struct waiting {
	struct core *core;
	uint64_t entry;
	json_t *list;
};

static void add_waiting(const struct waiting *w, struct publisher *p)
{
	struct fence_report report = {0};
	struct publisher_status s;

	if (ok(publisher_fenced(p, w->entry, &report))) {
		fence_report_free(&report);
		return;
	}
	if (!ok(publisher_status(p, &s)))
		return;
	json_array_append_new(
		w->list, json_pack("{s:i,s:s,s:s,s:s}", "publisher", (int)s.index, "node",
				 w->core->config->gateway_id, "state", s.state, "detail", s.detail));
	publisher_status_free(&s);
}

static bool concerns(const struct pending *pending, uint32_t publisher, uint32_t n_publishers)
{
	for (size_t i = 0; i < pending->n_partners; i++)
		if (murmur2_partition(span_text(pending->partners[i]), n_publishers) == publisher)
			return true;
	return false;
}

static void look_waiting(void *context, const struct governance *g)
{
	const struct waiting *w = context;
	const struct pending *pending;
	size_t n = governance_pending(g, &pending);

	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; pending[i].entry == w->entry && k < w->core->n_publishers; k++)
			if (concerns(&pending[i], k, w->core->n_publishers))
				add_waiting(w, w->core->publishers[k]);
}

/* Publishers that are still to be fenced; NULL: none, or there are no publishers yet. */
static json_t *waiting_view(struct core *core, uint64_t entry)
{
	struct waiting w = {core, entry, json_array()};
	bool running;

	pthread_mutex_lock(&core->lock);
	running = core->publishers != NULL;
	pthread_mutex_unlock(&core->lock);
	if (running)
		journal_look(core->journal, look_waiting, &w);
	return w.list;
}

static void answer_entry(struct job *job, const char *outcome, uint32_t status,
	const struct command_append *append, json_t *receipt, json_t *waiting)
{
	struct journal_entry entry = {0};
	struct buffer stored = {0};
	json_t *change = job->change ? json_loads(job->change, 0, NULL) : NULL;
	bool there = ok(journal_stored(job->core->journal, append->entry, &stored)) &&
		     ok(journal_entry_decode(buffer_span(&stored), &entry, NULL));

	answer(job, status,
		json_pack("{s:s,s:I,s:s?,s:s,s:b,s:o?,s:o?,s:o?}", "outcome", outcome, "entry",
			(json_int_t)append->entry, "hash", there ? DIGEST_TEXT(&entry.hash) : NULL, "effect",
			append->effect ? append->effect : "", "already", append->already, "receipt", receipt,
			"waiting_for", waiting, "change", change));
	journal_entry_free(&entry);
	buffer_free(&stored);
}

/* --- the two ways --- */

static void wait_receipt(struct job *job, const struct command_append *append)
{
	struct buffer stored = {0};
	int64_t left = job->deadline - clock_monotonic_ms();
	uint64_t by;
	struct status status = journal_wait_enforced(
		job->core->journal, append->entry, left > 0 ? (int)left : 0, &by, &stored);

	if (ok(status))
		answer_entry(job, "done", 200, append, receipt_view(by, buffer_span(&stored)), NULL);
	else
		answer_entry(job, "recorded", 202, append, NULL, waiting_view(job->core, append->entry));
	buffer_free(&stored);
}

/* It is in the journal. `fences`: an off, a register that takes cameras away, a later version of an
 * agreement. */
static void answer_recorded(struct job *job, const struct command_append *append)
{
	if (append->fences)
		wait_receipt(job, append);
	else
		answer_entry(job, "done", 200, append, NULL, NULL);
}

/* The same command once more, by whoever had no answer: as the first was answered, the broker there or not.
 */
static void answer_again(struct job *job, const struct ruling *ruling)
{
	answer_recorded(job, &(struct command_append){.entry = ruling->already,
				     .already = true,
				     .fences = ruling->fences,
				     .effect = ruling->effect});
}

static void widen(struct job *job, const Anpr__V1__SignedCommand *command)
{
	struct command_append append = {
		.signed_command = buffer_span(&job->body), .accepted = job->accepted, .texts = command};
	struct error e = {0};
	struct status status = command_append(job->core, &append, WIDEN_MS, &e);

	job->change = append.change;
	if (!ok(status))
		refuse(job, status, &e);
	else
		answer_recorded(job, &append);
	free(append.effect);
	error_free(&e);
}

static void hold_all(struct core *core, const struct ruling *ruling, int change)
{
	for (size_t i = 0; i < ruling->n_partners; i++)
		core_hold(core, ruling->partners[i], change);
}

/* The broker could not be told: nothing of these partners leaves this node until it has been. */
static void answer_stopped(struct job *job, const struct ruling *ruling)
{
	struct error e = {0};

	if (ok(stops_keep(job->core, &ruling->id, buffer_span(&job->body), &e))) {
		answer(job, 202,
			json_pack("{s:s,s:s,s:s}", "outcome", "stopped_here", "command",
				DIGEST_TEXT(&ruling->id), "effect", ruling->effect ? ruling->effect : ""));
	} else {
		log_error("stop file not written", "detail=%s", LOG_QUOTE(error_text(&e)));
		answer(job, 503,
			json_pack("{s:s}", "error",
				"stopped here, but neither journal nor disk could take it: it is forgotten "
				"when this node restarts"));
	}
	error_free(&e);
}

/* Go on until it is in the journal or refused there; at a stop the file stays and is sent at the next start.
 */
static struct status record_later(struct job *job, const struct ruling *ruling, struct command_append *append)
{
	struct status status = S_RETRY;

	while (status.kind == STATUS_RETRY && !atomic_load(&job->core->stopping)) {
		struct error e = {0};

		clock_sleep_ms(LATER_MS);
		/* One at a time: together they would leave the journal no time for any of them. */
		pthread_mutex_lock(&job->core->recording);
		status = command_append(job->core, append, RECORD_MS, &e);
		pthread_mutex_unlock(&job->core->recording);
		if (!ok(status) && status.kind != STATUS_RETRY)
			log_error("stop refused by the journal", "detail=%s", LOG_QUOTE(error_text(&e)));
		error_free(&e);
	}
	if (status.kind != STATUS_RETRY)
		stops_drop(job->core, &ruling->id);
	return status;
}

static void narrow(struct job *job, const Anpr__V1__SignedCommand *command, const struct ruling *ruling)
{
	struct command_append append = {
		.signed_command = buffer_span(&job->body), .accepted = job->accepted, .texts = command};
	struct error e = {0};
	struct status status;

	hold_all(job->core, ruling, 1);
	status = command_append(job->core, &append, RECORD_MS, &e);
	if (status.kind == STATUS_RETRY) {
		answer_stopped(job, ruling);
		(void)record_later(job, ruling, &append);
	} else if (!ok(status)) {
		refuse(job, status, &e);
	}
	job->change = append.change;
	/* From here on policy itself says off. */
	hold_all(job->core, ruling, -1);
	if (ok(status))
		wait_receipt(job, &append);
	free(append.effect);
	error_free(&e);
}

struct judgement {
	struct job *job;
	struct ruling ruling;
	struct status status;
	struct error error;
};

static void judge(void *context, const struct governance *g)
{
	struct judgement *j = context;

	j->status = governance_judge(g, buffer_span(&j->job->body), j->job->accepted, &j->ruling, &j->error);
}

/* Texts come with the command but become known only when it is appended: a command that brings some is judged
 * there. */
static bool brings_texts(const Anpr__V1__SignedCommand *command)
{
	return command->n_documents > 0;
}

/* Where the person did not sign, the node says whose certificate it saw. Nobody else says that: a certificate
 * is public, and naming one is not having its key. */
static struct status attest(struct job *job, const Anpr__V1__SignedCommand *command, struct error *e)
{
	Anpr__V1__SignedCommand attested = *command;
	Anpr__V1__Signature seen = ANPR__V1__SIGNATURE__INIT, *signatures[] = {&seen};

	for (size_t i = 0; i < command->n_signatures; i++)
		if (command->signatures[i]->kind == ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED) {
			(void)error_set(e,
				"only the gateway says whose certificate it saw: sign the command, or "
				"send it without a signature");
			return S_REFUSED;
		}
	if (command->n_signatures > 0)
		return S_OK;
	seen.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED;
	seen.value = (ProtobufCBinaryData){job->certificate.n, job->certificate.p};
	attested.signatures = signatures;
	attested.n_signatures = 1;
	job->body.n = 0;
	TRY(buffer_reserve(&job->body, anpr__v1__signed_command__get_packed_size(&attested)));
	job->body.n = anpr__v1__signed_command__pack(&attested, job->body.p);
	return S_OK;
}

static void carry_out(struct job *job)
{
	Anpr__V1__SignedCommand *command = anpr__v1__signed_command__unpack(NULL, job->body.n, job->body.p);
	struct judgement j = {.job = job, .status = S_BAD_INPUT};

	if (!command) {
		error_set(&j.error, "the body is not a SignedCommand (anpr.v1, protobuf)");
		refuse(job, S_BAD_INPUT, &j.error);
	} else if (!ok(j.status = attest(job, command, &j.error))) {
		refuse(job, j.status, &j.error);
	} else if (brings_texts(command)) {
		widen(job, command);
	} else {
		journal_look(job->core->journal, judge, &j);
		if (!ok(j.status))
			refuse(job, j.status, &j.error);
		else if (j.ruling.already)
			answer_again(job, &j.ruling);
		else if (j.ruling.narrows)
			narrow(job, command, &j.ruling);
		else
			widen(job, command);
	}
	ruling_free(&j.ruling);
	error_free(&j.error);
	if (command)
		anpr__v1__signed_command__free_unpacked(command, NULL);
}

static void job_free(struct job *job)
{
	if (job) {
		buffer_free(&job->body);
		buffer_free(&job->certificate);
		free(job->change);
	}
	free(job);
}

static void *run(void *context)
{
	struct job *job = context;
	struct core *core = job->core;

	prctl(PR_SET_NAME, "command");
	carry_out(job);
	job_free(job);
	pthread_mutex_lock(&core->lock);
	core->commands--;
	pthread_cond_broadcast(&core->changed);
	pthread_mutex_unlock(&core->lock);
	return NULL;
}

static bool take_place(struct core *core, int change)
{
	bool taken;

	pthread_mutex_lock(&core->lock);
	taken = core->commands < COMMANDS_MAX;
	if (taken || change < 0)
		core->commands += (unsigned)change;
	pthread_mutex_unlock(&core->lock);
	return taken;
}

void command_begin(struct core *core, const Anpr__V1__AdminRequest *request)
{
	struct job *job = calloc(1, sizeof *job);
	pthread_attr_t detached;
	pthread_t thread;

	if (!job || !ok(buffer_append(&job->body, span_of(request->body.data, request->body.len))) ||
		!ok(buffer_append(
			&job->certificate, span_of(request->certificate.data, request->certificate.len))) ||
		!take_place(core, 1)) {
		core_answer(core, request->id, 503,
			api_error("too many commands at once: try again in a moment"));
		job_free(job);
		return;
	}
	job->core = core;
	job->id = request->id;
	job->accepted = clock_now();
	job->deadline = clock_monotonic_ms() + ANSWER_MS;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, run, job) != 0) {
		core_answer(core, request->id, 503,
			api_error("no thread could be had for the command: try again"));
		job_free(job);
		take_place(core, -1);
	}
	pthread_attr_destroy(&detached);
}

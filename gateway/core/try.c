/* SPDX-License-Identifier: Apache-2.0
 *
 * Trials as people ask for them: POST /v1/trials?for=600000&name=FILE[&partner=P] with the draft as the body
 * begins one, GET /v1/trials?id=ID shows how it stands and keeps it going. A trial lives in this process
 * alone: after its restart there is none.
 */
#include "gateway/core/core_internal.h"
#include "gateway/kafka/kafka.h"

#include <jansson.h>
#include <stdlib.h>

#define FOR_MIN_MS 1000
#define FOR_MAX_MS (INT64_C(24) * 3600 * 1000)

struct beginning {
	struct draft_ask ask;
	struct draft draft;
	struct utc_ms now;
	uint64_t version;
	struct status status;
	struct error error;
};

static void look(void *context, const struct governance *g)
{
	struct beginning *b = context;

	b->version = governance_sequence(g);
	b->status = governance_draft(g, &b->ask, b->now, &b->draft, &b->error);
}

/* Hand it to the publisher of its partner. NULL: done; else why not. */
static const char *trial_install(struct core *core, struct trial *t, struct utc_ms now)
{
	const char *why = NULL;

	pthread_mutex_lock(&core->lock);
	if (!core->publishers) {
		why = "publishing has not begun yet: try again in a moment";
	} else if (publisher_elsewhere(core_publisher(core, trial_partner(t)))) {
		why = "another node runs this partner (anprctl status says which): ask that one";
	} else if (core->trial && trial_runs(core->trial, now)) {
		why = "another trial runs on this node: try again when it is over";
	} else {
		trial_release(core->trial);
		core->trial = trial_hold(t);
		publisher_try(core_publisher(core, trial_partner(t)), t);
	}
	pthread_mutex_unlock(&core->lock);
	return why;
}

static uint32_t status_of(struct status status)
{
	return status.kind == STATUS_BAD_INPUT ? 400 : status.kind == STATUS_REFUSED ? 403 : 503;
}

static void begin(
	struct core *core, const Anpr__V1__AdminRequest *request, struct beginning *b, int64_t for_ms)
{
	const struct trial_terms terms = {
		b->ask.name, request->organisation, request->subject, b->now, for_ms, b->version};
	struct trial *t = NULL;
	const char *why =
		ok(trial_new(&b->draft, &terms, &t)) ? trial_install(core, t, b->now) : "out of memory";

	if (why)
		core_answer(core, request->id, 503, api_error(why));
	else
		core_answer(core, request->id, 200, trial_view(t, b->now));
	if (!why)
		log_info("trial begun", "partner=%s for_ms=%lld", trial_partner(t), (long long)for_ms);
	trial_release(t);
}

void try_begin(struct core *core, const Anpr__V1__AdminRequest *request)
{
	char name[128] = "draft", partner[80], period[24] = "";
	struct beginning b = {.now = clock_now()};
	int64_t for_ms;

	api_query(request->path, "name", name, sizeof name);
	api_query(request->path, "for", period, sizeof period);
	for_ms = strtoll(period, NULL, 10);
	if (for_ms < FOR_MIN_MS || for_ms > FOR_MAX_MS) {
		core_answer(core, request->id, 400, api_error("for: milliseconds, a second to a day"));
		return;
	}
	b.ask = (struct draft_ask){.organisation = request->organisation,
		.subject = request->subject,
		.partner = api_query(request->path, "partner", partner, sizeof partner) ? partner : NULL,
		.text = span_of(request->body.data, request->body.len),
		.name = name};
	journal_look(core->journal, look, &b);
	if (ok(b.status))
		begin(core, request, &b, for_ms);
	else
		core_answer(core, request->id, status_of(b.status), api_error(error_text(&b.error)));
	draft_free(&b.draft);
	error_free(&b.error);
}

char *try_view(struct core *core, const Anpr__V1__AdminRequest *request, uint32_t *status)
{
	char id[40] = "";
	char *body = NULL;

	api_query(request->path, "id", id, sizeof id);
	pthread_mutex_lock(&core->lock);
	if (core->trial && strcmp(trial_id(core->trial), id) == 0 &&
		trial_is_of(core->trial, request->organisation, request->subject))
		body = trial_view(core->trial, clock_now());
	pthread_mutex_unlock(&core->lock);
	*status = body ? 200 : 404;
	return body ? body
		    : api_error(
			      "there is no such trial of yours here: the core has been started again since, "
			      "or another one came after it");
}

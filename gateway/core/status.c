/* SPDX-License-Identifier: Apache-2.0
 *
 * How the gateway stands, as JSON: GET /v1/status. Nothing in it is personal.
 */
#include "gateway/core/core_internal.h"

#include <jansson.h>
#include <stdlib.h>

#define DAY_MS INT64_C(86400000)

static const char *source_state_name(unsigned state)
{
	switch ((Anpr__V1__SourceState)state) {
	case ANPR__V1__SOURCE_STATE__SOURCE_STATE_IDLE:
		return "idle";
	case ANPR__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING:
		return "connecting";
	case ANPR__V1__SOURCE_STATE__SOURCE_STATE_STREAMING:
		return "streaming";
	case ANPR__V1__SOURCE_STATE__SOURCE_STATE_WAITING:
		return "waiting";
	case ANPR__V1__SOURCE_STATE__SOURCE_STATE_UNSPECIFIED:
	case _ANPR__V1__SOURCE_STATE_IS_INT_SIZE:
		break;
	}
	return "absent";
}

static json_t *reasons_view(const struct totals *t)
{
	json_t *denied = json_object();

	for (int i = 0; i < REASON_COUNT; i++)
		if (t->denied[i] > 0)
			json_object_set_new(
				denied, reason_name((enum reason)i), json_integer((json_int_t)t->denied[i]));
	return denied;
}

static json_t *rejections_view(const struct totals *t)
{
	json_t *rejected = json_object();

	for (int i = 0; i < REJECTION_COUNT; i++)
		if (t->rejected[i] > 0)
			json_object_set_new(rejected, rejection_name((enum rejection)i),
				json_integer((json_int_t)t->rejected[i]));
	return rejected;
}

static json_t *totals_view(const struct totals *t)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "received", (json_int_t)t->received, "permitted",
		(json_int_t)t->permitted, "published", (json_int_t)t->published, "denied",
		(json_int_t)totals_denied(t), "rejected", (json_int_t)totals_rejected(t), "denied_by_reason",
		reasons_view(t), "rejected_by_reason", rejections_view(t));
}

/* What policy has to say of a partner, beside what its publisher knows. */
struct partner_look {
	const char *id;
	char *switches;
};

static void look_switches(void *context, const struct governance *g)
{
	struct partner_look *l = context;

	l->switches = governance_view_switches(g, l->id, clock_now());
}

/* What an off has held back: NULL where nothing is off. */
static json_t *suppressed_view(const struct partner_status *s)
{
	if (!s->off_entry)
		return NULL;
	return json_pack("{s:I,s:s,s:I}", "entry", (json_int_t)s->off_entry, "since",
		CLOCK_TEXT((struct utc_ms){s->off_at_ms}), "reads", (json_int_t)s->suppressed);
}

/* What only the node that runs it can say: null on any other. */
static void add_own_view(json_t *view, const struct partner_status *s, bool elsewhere)
{
	json_t *own =
		elsewhere ? json_pack("{s:n,s:n,s:n,s:n,s:n}", "topic_missing", "source", "totals",
				    "newest_arrival", "suppressed")
			  : json_pack("{s:b,s:{s:s,s:s},s:o,s:s?,s:o?}", "topic_missing", s->blocked,
				    "source", "state", source_state_name(s->source_state), "detail",
				    s->detail, "totals", totals_view(&s->ever), "newest_arrival",
				    s->newest_arrival_ms ? CLOCK_TEXT((struct utc_ms){s->newest_arrival_ms})
							 : NULL,
				    "suppressed", suppressed_view(s));

	json_object_update(view, own);
	json_decref(own);
}

static json_t *partner_view(struct core *core, const struct partner_status *s,
	const struct publisher_status *by, const char *node)
{
	struct partner_look l = {.id = s->id};
	struct policy_snapshot *snapshot = journal_snapshot(core->journal);
	const struct partner_policy *policy = snapshot ? snapshot_partner(snapshot, span_text(s->id)) : NULL;
	const struct camera *cameras;
	json_t *view, *switches;

	journal_look(core->journal, look_switches, &l);
	switches = l.switches ? json_loads(l.switches, 0, NULL) : NULL;
	view = json_pack("{s:s,s:i,s:s,s:b,s:b,s:i,s:i,s:o?}", "id", s->id, "publisher", (int)by->index,
		"node", node, "on",
		by->elsewhere ? policy && partner_policy_any_on(policy, clock_now()) : s->on, "held", s->held,
		"cameras", policy ? (int)partner_policy_cameras(policy, &cameras) : 0, "cameras_on",
		policy ? (int)partner_policy_cameras_on(policy, clock_now()) : 0, "switches", switches);
	add_own_view(view, s, by->elsewhere);
	free(l.switches);
	snapshot_release(snapshot);
	return view;
}

static void add_publisher(
	struct core *core, struct publisher *p, json_t *publishers, json_t *partners, json_t *problems)
{
	struct publisher_status s;
	char node[65];

	if (!ok(publisher_status(p, &s)))
		return;
	nodes_owner(core->nodes, s.index, node, sizeof node);
	for (size_t i = 0; i < s.n_partners; i++)
		json_array_append_new(partners, partner_view(core, &s.partners[i], &s, node));
	if (s.n_partners > 0)
		json_array_append_new(publishers,
			json_pack("{s:i,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:o}", "publisher", (int)s.index, "node",
				node, "state", s.state, "detail", s.detail, "ordinal", (json_int_t)s.ordinal,
				"transactions", (json_int_t)s.transactions, "aborted", (json_int_t)s.aborted,
				"transaction_ms", (json_int_t)s.transaction_ms, "clock_offset_ms",
				s.clock_offset_ms == INT64_MAX
					? json_null()
					: json_integer((json_int_t)s.clock_offset_ms)));
	if (s.n_partners > 0 && s.clock_offset_ms != INT64_MAX &&
		llabs(s.clock_offset_ms) > BROKER_CLOCK_BOUND_MS && *s.detail)
		json_array_append_new(problems, json_sprintf("publisher %u: %s", s.index, s.detail));
	publisher_status_free(&s);
}

/* --- reviews that are overdue --- */

struct reviews {
	struct utc_ms now;
	json_t *problems;
};

static void tell_review(const struct reviews *r, const json_t *agreement)
{
	const char *by = json_string_value(json_object_get(json_object_get(agreement, "valid"), "review_by"));
	const char *state = json_string_value(json_object_get(agreement, "state"));
	struct utc_ms due;

	if (!by || !state || strcmp(state, "in_force") != 0 || !ok(clock_parse(span_text(by), &due)) ||
		due.v >= r->now.v)
		return;
	json_array_append_new(r->problems,
		json_sprintf("agreement %s was to be reviewed by %.10s, %lld day(s) ago, and is still in "
			     "force: agree a new version or withdraw it",
			json_string_value(json_object_get(agreement, "id")), by,
			(long long)((r->now.v - due.v) / DAY_MS)));
}

static void look_reviews(void *context, const struct governance *g)
{
	const struct reviews *r = context;
	char *text = governance_view_agreements(g, r->now);
	json_t *list = text ? json_loads(text, 0, NULL) : NULL, *one;
	size_t i;

	json_array_foreach(list, i, one) tell_review(r, one);
	json_decref(list);
	free(text);
}

static void look_head(void *context, const struct governance *g)
{
	json_t *body = context;
	const struct pending *pending;

	json_object_set_new(body, "journal",
		json_pack("{s:I,s:s,s:s,s:I}", "sequence", (json_int_t)governance_sequence(g), "hash",
			DIGEST_TEXT(governance_head(g)), "time", CLOCK_TEXT(governance_time(g)),
			"not_yet_enforced", (json_int_t)governance_pending(g, &pending)));
}

json_t *status_object(struct core *core)
{
	json_t *publishers = json_array(), *partners = json_array(), *problems = json_array();
	json_t *files = json_array();
	json_t *body = json_pack("{s:s,s:s,s:I,s:o,s:o,s:o,s:o}", "gateway", core->config->gateway_id, "time",
		CLOCK_TEXT(clock_now()), "policy_version", (json_int_t)journal_version(core->journal),
		"partners", partners, "publishers", publishers, "stop_files", files, "problems", problems);
	size_t stops = stops_waiting(core);
	char trouble[512];

	journal_look(core->journal, look_head, body);
	if (journal_trouble(core->journal, trouble, sizeof trouble))
		json_array_append_new(problems, json_string(trouble));
	if (journal_clock_trouble(core->journal, trouble, sizeof trouble))
		json_array_append_new(problems, json_string(trouble));
	if (nodes_trouble(core->nodes, trouble, sizeof trouble))
		json_array_append_new(problems,
			json_sprintf("whose the publishers are cannot be asked, so it stays as it was: %s",
				trouble));
	if (stops > 0)
		json_array_append_new(problems,
			json_sprintf(
				"%zu stop(s) taken here and not yet recorded: the broker is away", stops));
	journal_look(core->journal, look_reviews, &(struct reviews){clock_now(), problems});
	stop_files_view(core, files, problems);
	json_object_set_new(body, "surroundings", surroundings_view(core, problems));
	for (uint32_t k = 0; core->publishers && k < core->n_publishers; k++)
		add_publisher(core, core->publishers[k], publishers, partners, problems);
	return body;
}

char *status_view(struct core *core)
{
	json_t *body = status_object(core);
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * From the cases' files to a policy_partner_input, and from a case to a decision. Parsing, resolving,
 * compiling, deciding and minimising are the gateway's own; nothing is decided here.
 */
#include "gateway/ctl/policy_world.h"

#include "gateway/base/file.h"
#include "gateway/record/record.h"
#include "gateway/text/text.h"

#include <stdlib.h>

/* --- reading --- */

static struct status file_beside(
	const struct policy_world *w, const struct case_file *f, struct buffer *out, struct error *e)
{
	char *path = file_path_beside(w->path, f->file);
	struct error why = {0};
	struct status s = path ? file_read(path, DOCUMENT_MAX, out, &why) : S_OVERLOAD;

	if (!ok(s))
		error_add(e, w->path, f->line, 0, "%s", error_text(&why));
	error_free(&why);
	free(path);
	return s;
}

static struct status registers_read(struct policy_world *w, struct error *e)
{
	struct status result = S_OK;

	for (size_t i = 0; i < w->cases.n_registers; i++) {
		const struct case_file *f = &w->cases.registers[i];
		struct buffer text CLEANUP(buffer_free) = {0};
		struct camera_register *cameras = NULL;

		if (!ok(file_beside(w, f, &text, e)) ||
			!ok(register_parse(buffer_span(&text), f->file, &cameras, e))) {
			result = S_BAD_INPUT;
			continue;
		}
		w->registers[w->in.n_registers++] = (struct policy_register_version){f->at, cameras};
	}
	return result;
}

/* A register is resolved as it is when the agreement is agreed. */
static const struct camera_register *register_at(const struct policy_world *w, struct utc_ms at)
{
	const struct camera_register *found = NULL;

	for (size_t i = 0; i < w->in.n_registers && w->registers[i].from.v <= at.v; i++)
		found = w->registers[i].cameras;
	return found;
}

/* A version ends where the next one of the same agreement is agreed. */
static void version_replace(struct policy_world *w, const struct agreement *by, struct utc_ms at)
{
	for (size_t i = 0; i < w->in.n_agreements; i++) {
		struct policy_agreement_version *v = &w->agreements[i];

		if (strcmp(v->agreement->id, by->id) == 0 && (!v->ended.v || v->ended.v > at.v))
			v->ended = at;
	}
}

static struct status agreement_take(
	struct policy_world *w, const struct case_file *f, const struct agreement *a, struct error *e)
{
	const struct camera_register *cameras = register_at(w, f->at);
	struct schedule *schedule = NULL;

	if (w->in.partner && strcmp(w->in.partner, a->partner) != 0)
		error_add(e, w->path, f->line, 0, "%s is about the partner %s, the one before it about %s",
			f->file, a->partner, w->in.partner);
	if (!cameras)
		error_add(e, w->path, f->line, 0, "there is no register yet when %s is agreed", f->file);
	REQUIRE(cameras, S_BAD_INPUT);
	TRY(schedule_resolve(a, cameras, &schedule));
	version_replace(w, a, f->at);
	w->agreements[w->in.n_agreements++] = (struct policy_agreement_version){
		.agreed = f->at, .ended = f->ended, .agreement = a, .schedule = schedule};
	w->in.partner = a->partner;
	return S_OK;
}

static struct status agreements_read(struct policy_world *w, struct error *e)
{
	struct status result = S_OK;

	for (size_t i = 0; i < w->cases.n_agreements; i++) {
		const struct case_file *f = &w->cases.agreements[i];
		struct buffer text CLEANUP(buffer_free) = {0};
		struct agreement *a = NULL;

		if (!ok(file_beside(w, f, &text, e)) ||
			!ok(agreement_parse(buffer_span(&text), f->file, &a, e))) {
			result = S_BAD_INPUT;
			continue;
		}
		if (!ok(agreement_take(w, f, a, e))) {
			agreement_release(a);
			result = S_BAD_INPUT;
		}
	}
	return result;
}

/* --- holding the cases against the agreements --- */

static bool agreement_has(const struct policy_world *w, const char *agreement, const char *rule)
{
	for (size_t i = 0; i < w->in.n_agreements; i++) {
		const struct agreement *a = w->agreements[i].agreement;

		if (agreement && strcmp(a->id, agreement) != 0)
			continue;
		for (size_t r = 0; r < a->n_rules; r++) {
			if (!rule || strcmp(a->rules[r].name, rule) == 0)
				return true;
		}
	}
	return false;
}

static void names_check(
	const struct policy_world *w, const char *agreement, const char *rule, size_t line, struct error *e)
{
	if (agreement && !agreement_has(w, agreement, NULL))
		error_add(e, w->path, line, 0, "no file here is the agreement '%s'", agreement);
	else if (rule && !agreement_has(w, agreement, rule))
		error_add(e, w->path, line, 0, "no agreement here has a rule '%s'", rule);
}

static bool is_side(const struct policy_world *w, const char *side)
{
	bool found = w->cases.organisation && strcmp(side, w->cases.organisation) == 0;

	for (size_t i = 0; i < w->in.n_agreements; i++)
		found = found || strcmp(side, w->agreements[i].agreement->recipient) == 0;
	return found;
}

static void switches_check(
	const struct policy_world *w, const struct case_switch *switches, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		names_check(w, switches[i].agreement, switches[i].rule, switches[i].line, e);
		if (!is_side(w, switches[i].side))
			error_add(e, w->path, switches[i].line, 0,
				"'%s' is neither a recipient nor the partner's organisation, which "
				"'organisation' "
				"names",
				switches[i].side);
	}
}

static void case_check(const struct policy_world *w, const struct policy_case *c, struct error *e)
{
	switches_check(w, c->switches, c->n_switches, e);
	for (size_t i = 0; i < c->n_permits; i++)
		names_check(w, c->permits[i].agreement, c->permits[i].rule, c->permits[i].line, e);
}

static struct status world_read(struct policy_world *w, struct error *e)
{
	struct buffer text CLEANUP(buffer_free) = {0};
	struct status registers, agreements;

	TRY(file_read(w->path, DOCUMENT_MAX, &text, e));
	TRY(cases_parse(buffer_span(&text), w->path, &w->cases, e));
	w->registers = arena_alloc(&w->arena, w->cases.n_registers * sizeof *w->registers);
	w->agreements = arena_alloc(&w->arena, w->cases.n_agreements * sizeof *w->agreements);
	REQUIRE(w->registers && w->agreements, S_OVERLOAD);
	w->in.registers = w->registers;
	w->in.agreements = w->agreements;
	registers = registers_read(w, e);
	agreements = ok(registers) ? agreements_read(w, e) : S_OK;
	REQUIRE(ok(registers) && ok(agreements), S_BAD_INPUT);
	switches_check(w, w->cases.switches, w->cases.n_switches, e);
	for (size_t i = 0; i < w->cases.n_cases; i++)
		case_check(w, &w->cases.cases[i], e);
	return e->n > 0 ? S_BAD_INPUT : S_OK;
}

struct status policy_world_read(const char *path, struct policy_world *out, struct error *e)
{
	*out = (struct policy_world){.path = path, .arena = {.max = SIZE_MAX}};
	TRY(world_read(out, e));
	/* Without it the partner's side is one that no switch here is on. */
	out->in.organisation = out->cases.organisation ? out->cases.organisation : "";
	return S_OK;
}

void policy_world_free(struct policy_world *w)
{
	for (size_t i = 0; i < w->in.n_registers; i++)
		register_release((struct camera_register *)w->registers[i].cameras);
	for (size_t i = 0; i < w->in.n_agreements; i++) {
		agreement_release((struct agreement *)w->agreements[i].agreement);
		schedule_release((struct schedule *)w->agreements[i].schedule);
	}
	arena_free(&w->arena);
	cases_free(&w->cases);
}

/* --- asking --- */

static bool any_matches(const struct case_switch *s, struct span id)
{
	for (size_t i = 0; i < s->n_cameras; i++) {
		if (glob_match(s->cameras[i], id))
			return true;
	}
	return false;
}

/* Patterns mean the cameras of the register at the time of the switch. */
static struct status cameras_resolve(
	struct policy_world *w, const struct case_switch *s, struct switch_key *key)
{
	const struct camera_register *r = register_at(w, s->at);
	const char **ids;

	if (s->n_cameras == 0)
		return S_OK;
	ids = arena_alloc(&w->arena, ((r ? r->n : 0) + 1) * sizeof *ids);
	REQUIRE(ids, S_OVERLOAD);
	for (size_t i = 0; r && i < r->n; i++) {
		if (any_matches(s, span_text(r->cameras[i].id)))
			ids[key->n_cameras++] = r->cameras[i].id;
	}
	key->cameras = ids;
	return S_OK;
}

static struct status switches_take(struct policy_world *w, const struct case_switch *switches, size_t n,
	struct switch_event *out, size_t *n_out)
{
	for (size_t i = 0; i < n; i++) {
		const struct case_switch *s = &switches[i];
		struct switch_event event = {.at = s->at,
			.until = {s->for_ms ? s->at.v + s->for_ms : 0},
			.position = s->turn,
			.key = {.side = s->side,
				.agreement = s->agreement,
				.rule = s->rule,
				.classes = s->classes}};
		size_t place = *n_out;

		TRY(cameras_resolve(w, s, &event.key));
		for (; place > 0 && out[place - 1].at.v > event.at.v; place--)
			out[place] = out[place - 1];
		out[place] = event;
		++*n_out;
	}
	return S_OK;
}

static struct utc_ms moment_of(const struct case_moment *m, struct utc_ms from, int64_t usual_ms)
{
	switch (m->kind) {
	case MOMENT_AT:
		return (struct utc_ms){m->ms};
	case MOMENT_AFTER:
		return (struct utc_ms){from.v + m->ms};
	case MOMENT_NONE:
		break;
	}
	return (struct utc_ms){from.v + usual_ms};
}

/* A read that has everything, so that what is dropped can be seen. The mark is made up. */
static struct read read_make(const struct case_read *c)
{
	struct read read = {
		.read_id = span_text("case"),
		.camera_id = span_text(c->camera),
		.captured_at = c->captured,
		.kind = c->kind,
		.country = span_text("GB"),
		.direction = READ_DIRECTION_AWAY,
		.has = READ_HAS_LAT | READ_HAS_LON | READ_HAS_HEADING | READ_HAS_LANE | READ_HAS_SPEED,
	};

	if (c->kind == READ_KIND_VRM)
		read.vrm = span_text("AB12CDE");
	if (c->kind == READ_KIND_HASHED_TAG)
		read.tag = span_text("tag");
	if (c->images & CLASS_PLATE_PATCH)
		read.plate_patch = span_text("image");
	if (c->images & CLASS_OVERVIEW)
		read.overview = span_text("image");
	if (c->has_confidence == CONFIDENCE_IS) {
		read.has |= READ_HAS_CONFIDENCE;
		read.confidence = c->confidence;
	}
	return read;
}

static unsigned dropped(const struct permit *permit, const struct decision *d, const struct read *read)
{
	struct read full = *read, left;
	unsigned gone;

	full.has |= READ_HAS_CONFIDENCE;
	policy_minimise(permit, d->camera, &full, &left);
	gone = full.has & ~left.has;
	return (gone & READ_HAS_SPEED ? DROP_SPEED : 0) | (gone & READ_HAS_HEADING ? DROP_HEADING : 0) |
	       (gone & READ_HAS_LANE ? DROP_LANE : 0) | (gone & READ_HAS_CONFIDENCE ? DROP_CONFIDENCE : 0) |
	       (gone & READ_HAS_LAT ? DROP_POSITION : 0) |
	       (left.direction == READ_DIRECTION_UNSPECIFIED ? DROP_DIRECTION : 0) |
	       (left.country.n == 0 ? DROP_COUNTRY : 0);
}

struct telling {
	struct policy_world *w;
	struct asked *out;
	struct utc_ms captured;
	bool overload;
};

static char *hours_say(struct policy_world *w, const struct rule *rule, struct utc_ms captured)
{
	struct buffer text CLEANUP(buffer_free) = {0};

	if (!ok(rule_hours_print(rule, &text)) || !ok(buffer_append_text(&text, "; captured ")) ||
		!ok(rule_local_print(rule, captured, &text)) || !ok(buffer_append_text(&text, " there")))
		return NULL;
	return arena_text(&w->arena, buffer_span(&text));
}

static void tell(void *context, const struct rule_answer *answer)
{
	struct telling *t = context;
	struct asked *out = t->out;
	struct asked_rule *rule;

	if (out->n_rules == out->cap_rules) {
		size_t cap = out->cap_rules ? 2 * out->cap_rules : 16;
		struct asked_rule *rules = arena_alloc(&t->w->arena, cap * sizeof *rules);

		t->overload |= !rules;
		if (!rules)
			return;
		if (out->n_rules > 0)
			memcpy(rules, out->rules, out->n_rules * sizeof *rules);
		out->rules = rules;
		out->cap_rules = cap;
	}
	rule = &out->rules[out->n_rules++];
	*rule = (struct asked_rule){
		.agreement = arena_text(&t->w->arena, span_text(answer->feed->agreement->id)),
		.rule = arena_text(&t->w->arena, span_text(answer->rule->name)),
		.covers = answer->covers,
		.reason = answer->reason,
		.classes = answer->classes,
	};
	if (answer->covers && answer->reason == REASON_OUTSIDE_HOURS && answer->rule->has_hours)
		rule->hours = hours_say(t->w, answer->rule, t->captured);
	t->overload |= !rule->agreement || !rule->rule;
}

static struct status decision_take(
	struct policy_world *w, const struct decision *d, const struct read *read, struct asked *out)
{
	out->verdict = d->verdict;
	out->reason = d->reason;
	for (unsigned i = 0; i < d->n; i++) {
		const struct permit *permit = &d->permits[i];

		out->permits[out->n_permits++] = (struct asked_permit){
			.agreement = arena_text(&w->arena, span_text(permit->feed->agreement->id)),
			.classes = permit->classes,
			.drop = dropped(permit, d, read),
		};
		REQUIRE(out->permits[i].agreement, S_OVERLOAD);
	}
	return S_OK;
}

struct status policy_world_ask(struct policy_world *w, const struct policy_case *c, struct asked *out)
{
	struct read read = read_make(&c->read);
	struct utc_ms arrived = moment_of(&c->read.arrived, c->read.captured, 1000);
	struct utc_ms published = moment_of(&c->read.published, arrived, 0);
	struct telling t = {.w = w, .out = out, .captured = c->read.captured};
	struct policy_partner_input in = w->in, known;
	struct policy_snapshot *snapshot = NULL;
	const struct partner_policy *policy;
	struct decision d;
	struct switch_event *events =
		arena_alloc(&w->arena, (w->cases.n_switches + c->n_switches + 1) * sizeof *events);
	struct status s;

	*out = (struct asked){0};
	REQUIRE(events, S_OVERLOAD);
	TRY(switches_take(w, w->cases.switches, w->cases.n_switches, events, &in.n_switches));
	TRY(switches_take(w, c->switches, c->n_switches, events, &in.n_switches));
	in.switches = events;
	TRY(policy_input_known(&in, published, &w->arena, &known));
	TRY(snapshot_compile(&known, 1, 1, published, &snapshot));
	policy = snapshot_partner(snapshot, span_text(w->in.partner));
	policy_decide(policy, &read, arrived, published, &d);
	s = decision_take(w, &d, &read, out);
	policy_explain(policy, &read, arrived, published, tell, &t);
	snapshot_release(snapshot);
	return t.overload ? S_OVERLOAD : s;
}

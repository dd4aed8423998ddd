/* SPDX-License-Identifier: Apache-2.0
 *
 * Trials: bounded counters, made at the start. What a read came to is noted on the publisher's thread and
 * counted when its transaction is committed, so that no read counts twice; under a lock, which only that and
 * a look take.
 */
#include "gateway/core/trial.h"

#include "gateway/base/digest.h"
#include "gateway/core/publisher_internal.h"
#include "policy/explain.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Of one transaction: a batch, and the frame that filled it. */
#define NOTES_MAX ((size_t)2 * BATCH_READS_MAX)

#define HOURS_MAX    26
#define HOUR_MS      INT64_C(3600000)
#define UNWATCHED_MS 15000
#define NO_RULE      UINT32_MAX

/* Shared by both, only by the draft, only today, by neither. */
enum outcome { BOTH, ONLY_DRAFT, ONLY_TODAY, NEITHER, OUTCOMES };
static const char *const outcome_names[OUTCOMES] = {"both", "only_draft", "only_today", "neither"};

struct counts {
	uint64_t n[OUTCOMES];
};

struct note {
	uint32_t camera, rule;
	uint8_t outcome, reason;
};

struct trial {
	int references; /* atomic */
	char id[33], name[128], organisation[65], subject[256];
	struct draft draft;
	const struct partner_policy *policy; /* of the draft's snapshot */
	struct utc_ms began, until;
	uint64_t policy_version; /* at its beginning */
	_Atomic(int64_t) looked; /* UTC ms */

	struct note notes[NOTES_MAX]; /* the publisher's thread's own */
	size_t n_notes;
	int64_t notes_at;

	pthread_mutex_t lock; /* guards the rest */
	struct counts all, hours[HOURS_MAX];
	uint64_t reasons[REASON_COUNT], unnoted;
	struct counts *cameras; /* one more for the unregistered */
	uint64_t *rules;        /* reads that the draft would share, by the first rule that does */
	size_t n_cameras, n_rules;
};

struct status trial_new(struct draft *draft, const struct trial_terms *terms, struct trial **out)
{
	struct trial *t = calloc(1, sizeof *t);
	uint8_t id[16];

	if (!t) {
		draft_free(draft);
		return S_OVERLOAD;
	}
	t->references = 1;
	t->draft = *draft;
	*draft = (struct draft){0};
	t->policy = snapshot_partner(t->draft.snapshot, span_text(t->draft.partner));
	t->began = terms->now;
	t->until.v = terms->now.v + terms->for_ms;
	t->policy_version = terms->policy_version;
	atomic_store(&t->looked, terms->now.v);
	random_bytes(id, sizeof id);
	for (size_t i = 0; i < sizeof id; i++)
		snprintf(t->id + 2 * i, 3, "%02x", id[i]);
	snprintf(t->name, sizeof t->name, "%s", terms->name);
	snprintf(t->organisation, sizeof t->organisation, "%s", terms->organisation);
	snprintf(t->subject, sizeof t->subject, "%s", terms->subject);
	pthread_mutex_init(&t->lock, NULL);
	t->n_cameras = t->draft.cameras->n;
	t->n_rules = t->draft.agreement ? t->draft.agreement->n_rules : 0;
	t->cameras = calloc(t->n_cameras + 1, sizeof *t->cameras);
	t->rules = calloc(t->n_rules + 1, sizeof *t->rules);
	if (!t->cameras || !t->rules) {
		trial_release(t);
		return S_OVERLOAD;
	}
	*out = t;
	return S_OK;
}

struct trial *trial_hold(struct trial *t)
{
	__atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
	return t;
}

void trial_release(struct trial *t)
{
	if (!t || __atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	draft_free(&t->draft);
	pthread_mutex_destroy(&t->lock);
	free(t->cameras);
	free(t->rules);
	free(t);
}

const char *trial_id(const struct trial *t)
{
	return t->id;
}

const char *trial_partner(const struct trial *t)
{
	return t->draft.partner;
}

bool trial_is_of(const struct trial *t, const char *organisation, const char *subject)
{
	return strcmp(t->organisation, organisation) == 0 && strcmp(t->subject, subject) == 0;
}

bool trial_connects(const struct trial *t, const char *partner, struct utc_ms now)
{
	return t && t->draft.by_partner && strcmp(t->draft.partner, partner) == 0 && trial_runs(t, now);
}

bool trial_runs(const struct trial *t, struct utc_ms now)
{
	return now.v < t->until.v && now.v - atomic_load(&t->looked) < UNWATCHED_MS;
}

/* --- counting --- */

static void take_rule(void *context, const struct rule_answer *answer)
{
	uint32_t *rule = context;
	uint32_t number = (uint32_t)(answer->rule - answer->feed->agreement->rules);

	if (answer->reason == REASON_UNSPECIFIED && number < *rule)
		*rule = number;
}

/* Of an agreement only what goes to its own topic is compared; another recipient's reads are not its matter.
 */
static bool shared_today(const struct trial *t, const struct decision *today)
{
	for (unsigned i = 0; today->verdict == VERDICT_PERMIT && i < today->n; i++) {
		if (!t->draft.agreement ||
			strcmp(today->permits[i].feed->topic, t->draft.agreement->topic) == 0)
			return true;
	}
	return false;
}

void trial_read(struct trial *t, const char *partner, const struct read *read, const struct decision *today,
	struct utc_ms received, struct utc_ms now)
{
	struct decision d;
	struct note *note;
	bool duplicate = today->verdict == VERDICT_DENY && today->reason == REASON_DUPLICATE;
	bool draft, real;

	if (!t || strcmp(t->draft.partner, partner) != 0 || !trial_runs(t, now))
		return;
	t->notes_at = now.v;
	if (t->n_notes == NOTES_MAX) {
		t->n_notes++; /* told as left out */
		return;
	}
	if (t->n_notes > NOTES_MAX)
		return;
	policy_decide(t->policy, read, received, now, &d);
	draft = d.verdict == VERDICT_PERMIT && !duplicate;
	real = shared_today(t, today);
	note = &t->notes[t->n_notes++];
	*note = (struct note){
		.camera = d.camera ? d.camera->index : (uint32_t)t->n_cameras,
		.rule = NO_RULE,
		.outcome = draft  ? real ? BOTH : ONLY_DRAFT
			   : real ? ONLY_TODAY
				  : NEITHER,
		.reason = duplicate ? REASON_DUPLICATE : (uint8_t)d.reason,
	};
	if (draft && t->n_rules > 0)
		policy_explain(t->policy, read, received, now, take_rule, &note->rule);
}

static void count_note(struct trial *t, const struct note *note, size_t hour)
{
	t->all.n[note->outcome]++;
	t->hours[hour].n[note->outcome]++;
	t->cameras[note->camera].n[note->outcome]++;
	if (note->reason < REASON_COUNT)
		t->reasons[note->reason]++;
	if (note->rule < t->n_rules)
		t->rules[note->rule]++;
}

void trial_settle(struct trial *t, bool committed)
{
	int64_t hour;

	if (!t || t->n_notes == 0)
		return;
	hour = t->notes_at / HOUR_MS - t->began.v / HOUR_MS;
	pthread_mutex_lock(&t->lock);
	if (t->n_notes > NOTES_MAX) {
		t->n_notes = NOTES_MAX;
		t->unnoted += committed;
	}
	for (size_t i = 0; committed && hour >= 0 && hour < HOURS_MAX && i < t->n_notes; i++)
		count_note(t, &t->notes[i], (size_t)hour);
	pthread_mutex_unlock(&t->lock);
	t->n_notes = 0;
}

/* --- showing --- */

static uint64_t counts_sum(const struct counts *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < OUTCOMES; i++)
		sum += c->n[i];
	return sum;
}

static void counts_add(json_t *to, const struct counts *c)
{
	json_object_set_new(to, "reads", json_integer((json_int_t)counts_sum(c)));
	for (int i = 0; i < OUTCOMES; i++)
		json_object_set_new(to, outcome_names[i], json_integer((json_int_t)c->n[i]));
}

/* One object of a list, where there is anything to count. */
static void list_add(json_t *list, const char *key, json_t *name, const struct counts *c)
{
	json_t *one = json_object();

	json_object_set_new(one, key, name);
	counts_add(one, c);
	json_array_append_new(list, one);
}

static void add_places(const struct trial *t, json_t *to)
{
	json_t *cameras = json_array(), *hours = json_array();

	for (size_t i = 0; i <= t->n_cameras; i++) {
		if (counts_sum(&t->cameras[i]) > 0)
			list_add(cameras, "camera",
				i < t->n_cameras ? json_string(t->draft.cameras->cameras[i].id) : json_null(),
				&t->cameras[i]);
	}
	for (size_t i = 0; i < HOURS_MAX; i++) {
		struct utc_ms hour = {(t->began.v / HOUR_MS + (int64_t)i) * HOUR_MS};

		if (counts_sum(&t->hours[i]) > 0)
			list_add(hours, "hour", json_string(CLOCK_TEXT(hour)), &t->hours[i]);
	}
	json_object_set_new(to, "cameras", cameras);
	json_object_set_new(to, "hours", hours);
}

static void add_grounds(const struct trial *t, json_t *to)
{
	json_t *rules = json_array(), *reasons = json_object();

	for (size_t i = 0; i < t->n_rules; i++)
		json_array_append_new(rules, json_pack("{s:s,s:I}", "rule", t->draft.agreement->rules[i].name,
						     "shared", (json_int_t)t->rules[i]));
	for (int i = 1; i < REASON_COUNT; i++) {
		if (t->reasons[i] > 0)
			json_object_set_new(reasons, reason_name((enum reason)i),
				json_integer((json_int_t)t->reasons[i]));
	}
	json_object_set_new(to, "rules", rules);
	json_object_set_new(to, "reasons", reasons);
}

char *trial_view(struct trial *t, struct utc_ms now)
{
	bool runs = trial_runs(t, now);
	const char *state = runs ? "running" : now.v >= t->until.v ? "done" : "unwatched";
	json_t *out;
	char *text;

	if (runs)
		atomic_store(&t->looked, now.v);
	pthread_mutex_lock(&t->lock);
	out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:I,s:b,s:{s:s,s:s},s:b}", "trial", t->id, "state",
		state, "partner", t->draft.partner, "draft", t->name, "sha256", DIGEST_TEXT(&t->draft.sha256),
		"agreement", t->draft.agreement ? json_string(t->draft.agreement->id) : json_null(), "began",
		CLOCK_TEXT(t->began), "until", CLOCK_TEXT(t->until), "policy_version",
		(json_int_t)t->policy_version, "complete", t->unnoted == 0, "who", "organisation",
		t->organisation, "subject", t->subject, "connects", t->draft.by_partner);
	counts_add(out, &t->all);
	add_grounds(t, out);
	add_places(t, out);
	pthread_mutex_unlock(&t->lock);
	text = json_dumps(out, JSON_COMPACT);
	json_decref(out);
	return text;
}

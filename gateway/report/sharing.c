/* SPDX-License-Identifier: Apache-2.0
 *
 * Cameras agreed and cameras on, by agreement, local day and area. A camera is agreed while a version in
 * force covers it; it is on while the camera is live and every switch over it is on, on both sides, whatever
 * hours its rules keep. Policy itself is asked, as it was known then: at the beginning of each day, after
 * each entry of the journal, and when an agreement begins. Whatever else turns something on is an entry.
 */
#include "gateway/report/internal.h"

#include "policy/explain.h"

#include <stdlib.h>

struct look {
	struct report *r;
	const struct policy_snapshot *snapshot;
	int64_t at;
	size_t day;
};

/* --- what is counted --- */

static struct sharing *sharing_of(struct report *r, const struct agreement *a)
{
	struct sharing *s;

	for (size_t i = 0; i < r->n_sharings; i++)
		if (strcmp(r->sharings[i].agreement, a->id) == 0)
			return &r->sharings[i];
	GROW(r->sharings, r->n_sharings);
	s = &r->sharings[r->n_sharings++];
	*s = (struct sharing){.agreement = memory_text(a->id),
		.partner = memory_text(a->partner),
		.days = memory_new(r->period.n, sizeof *s->days)};
	return s;
}

static struct shared_area *area_of(const struct report *r, struct sharing *s, const char *label)
{
	struct shared_area *a;

	HASH_FIND(hh, s->areas, label, strlen(label), a);
	if (a)
		return a;
	a = memory_new(1, sizeof *a);
	a->label = memory_text(label);
	a->days = memory_new(r->period.n, sizeof *a->days);
	HASH_ADD_KEYPTR(hh, s->areas, a->label, strlen(a->label), a);
	return a;
}

static struct shared_camera *camera_of(struct sharing *s, const char *id)
{
	struct shared_camera *c;

	HASH_FIND(hh, s->cameras, id, strlen(id), c);
	if (c)
		return c;
	c = memory_new(1, sizeof *c);
	*c = (struct shared_camera){.id = memory_text(id), .agreed_on = NO_DAY, .on_on = NO_DAY};
	HASH_ADD_KEYPTR(hh, s->cameras, c->id, strlen(c->id), c);
	return c;
}

static void camera_count(const struct look *l, struct sharing *s, const struct camera *camera, bool on)
{
	struct shared_camera *c = camera_of(s, camera->id);
	struct shared_area *area = area_of(l->r, s, camera->area ? camera->area : "");

	s->on += on;
	if (c->agreed_on != l->day) {
		c->agreed_on = l->day;
		s->days[l->day].agreed++;
		area->days[l->day].agreed++;
	}
	if (on && c->on_on != l->day) {
		c->on_on = l->day;
		s->days[l->day].on++;
		area->days[l->day].on++;
	}
}

/* --- one moment --- */

struct asked {
	const char *agreement;
	bool on;
};

/* Reasons from the hours on are about the read, not about what is on: see the order of DESIGN.md 5.5. */
static void take_answer(void *context, const struct rule_answer *answer)
{
	struct asked *asked = context;

	if ((answer->reason == REASON_UNSPECIFIED || answer->reason >= REASON_OUTSIDE_HOURS) &&
		strcmp(answer->feed->agreement->id, asked->agreement) == 0)
		asked->on = true;
}

static bool is_on(const struct look *l, const struct agreement *a, const struct camera *camera)
{
	const struct utc_ms at = {l->at};
	const struct read read = {.camera_id = span_text(camera->id),
		.captured_at = at,
		.kind = READ_KIND_VRM,
		.has = READ_HAS_CONFIDENCE,
		.confidence = 1};
	struct asked asked = {.agreement = a->id};

	policy_explain(
		snapshot_partner(l->snapshot, span_text(a->partner)), &read, at, at, take_answer, &asked);
	return asked.on;
}

static void look_at_agreement(void *context, const struct governance_agreement *a)
{
	const struct look *l = context;
	const struct agreement *terms = a->terms;
	const struct camera_register *cameras = schedule_register(a->schedule);
	const uint32_t *rules;

	if (a->agreed.v > l->at || (a->ended.v && a->ended.v <= l->at) || terms->from.v > l->at ||
		terms->until.v <= l->at)
		return;
	for (size_t i = 0; i < cameras->n; i++)
		if (schedule_rules(a->schedule, cameras->cameras[i].index, &rules) > 0)
			camera_count(l, sharing_of(l->r, terms), &cameras->cameras[i],
				is_on(l, terms, &cameras->cameras[i]));
}

static void step_take(struct sharing *s, int64_t at)
{
	if (s->n_steps > 0 && s->steps[s->n_steps - 1].at == at)
		s->n_steps--;
	if (s->n_steps > 0 && s->steps[s->n_steps - 1].on == s->on)
		return;
	GROW(s->steps, s->n_steps);
	s->steps[s->n_steps++] = (struct step){at, s->on};
}

void sharing_look(struct report *r, int64_t at)
{
	struct look l = {r, NULL, at, period_day(&r->period, at)};
	struct policy_snapshot *snapshot = NULL;

	if (l.day == NO_DAY || !ok(governance_snapshot(r->governance, (struct utc_ms){at}, &snapshot)))
		return;
	l.snapshot = snapshot;
	for (size_t i = 0; i < r->n_sharings; i++)
		r->sharings[i].on = 0;
	governance_agreements(r->governance, look_at_agreement, &l);
	for (size_t i = 0; i < r->n_sharings; i++)
		step_take(&r->sharings[i], at);
	snapshot_release(snapshot);
	if (r->looked_at < at)
		r->looked_at = at;
}

/* --- which moments --- */

struct next {
	int64_t after, at;
};

static void next_take(struct next *n, int64_t at)
{
	if (at > n->after && at < n->at)
		n->at = at;
}

static void next_beginning(void *context, const struct governance_agreement *a)
{
	next_take(context, a->terms->from.v);
}

void sharing_advance(struct report *r, int64_t until)
{
	if (until >= r->period.to)
		until = r->period.to - 1;
	while (r->looked_at < until) {
		struct next n = {r->looked_at, INT64_MAX};

		for (size_t i = 0; i < r->period.n; i++)
			next_take(&n, r->period.days[i].from);
		governance_agreements(r->governance, next_beginning, &n);
		if (n.at > until)
			break;
		sharing_look(r, n.at);
		r->looked_at = n.at; /* even where policy could not be made of it */
	}
}

/* --- the end --- */

static void sharing_fini(struct sharing *s)
{
	struct shared_camera *c, *next;
	struct shared_area *a, *next_area;

	HASH_ITER(hh, s->cameras, c, next)
	{
		HASH_DEL(s->cameras, c);
		free(c->id);
		free(c);
	}
	HASH_ITER(hh, s->areas, a, next_area)
	{
		HASH_DEL(s->areas, a);
		free(a->label);
		free(a->days);
		free(a);
	}
	free(s->agreement);
	free(s->partner);
	free(s->days);
	free(s->steps);
}

void sharings_free(struct report *r)
{
	for (size_t i = 0; i < r->n_sharings; i++)
		sharing_fini(&r->sharings[i]);
	free(r->sharings);
}

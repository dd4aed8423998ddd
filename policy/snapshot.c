/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a snapshot, and what can be asked of it beside decisions.
 */
#include "policy/snapshot.h"

#include "policy/timeline.h"

#include <stdlib.h>

struct status snapshot_compile(const struct policy_partner_input *partners, size_t n, uint64_t version,
	struct utc_ms now, struct policy_snapshot **out)
{
	struct policy_snapshot *s = calloc(1, sizeof *s);

	REQUIRE(s, S_OVERLOAD);
	s->references = 1;
	s->version = version;
	s->arena.max = SIZE_MAX;
	s->partners = arena_alloc(&s->arena, (n + 1) * sizeof *s->partners);
	for (size_t i = 0; s->partners && i < n; i++) {
		struct status result = partner_compile(&partners[i], now, &s->arena, &s->partners[s->n++]);

		if (!ok(result)) {
			snapshot_release(s);
			return result;
		}
	}
	if (!s->partners) {
		snapshot_release(s);
		return S_OVERLOAD;
	}
	*out = s;
	return S_OK;
}

uint64_t snapshot_version(const struct policy_snapshot *s)
{
	return s->version;
}

const struct partner_policy *snapshot_partner(const struct policy_snapshot *s, struct span partner)
{
	for (size_t i = 0; i < s->n; i++) {
		if (span_is(partner, s->partners[i].id))
			return &s->partners[i];
	}
	return NULL;
}

const struct cell *track_at(const struct track *t, int64_t at)
{
	uint32_t low = 1, high = t->n; /* the first cell after `at` lies in low..high */

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (t->cells[middle].from <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return &t->cells[low - 1];
}

static bool cell_on(const struct cell *cell)
{
	return cell->now == 0 && cell->now_classes & CLASS_READ && cell->kinds;
}

static bool profile_on(const struct partner_policy *p, const struct profile *profile, struct utc_ms now)
{
	for (size_t i = 0; i < p->n_feeds; i++) {
		const struct tracks *tracks = &profile->feeds[i];

		for (uint32_t t = 0; t < tracks->n; t++) {
			if (cell_on(track_at(&tracks->tracks[t], now.v)))
				return true;
		}
	}
	return false;
}

bool partner_policy_any_on(const struct partner_policy *p, struct utc_ms now)
{
	for (size_t i = 0; p && i < p->n_profiles; i++) {
		if (profile_on(p, &p->profiles[i], now))
			return true;
	}
	return false;
}

/* When the run of cells that are on, the one at `at` among them, began; `at` where that one is off. */
static int64_t run_began(const struct track *t, int64_t at)
{
	for (const struct cell *cell = track_at(t, at); cell_on(cell); cell--) {
		at = cell->from;
		if (cell == t->cells)
			break;
	}
	return at;
}

static int64_t profile_run_began(const struct partner_policy *p, const struct profile *profile, int64_t at)
{
	int64_t began = at;

	for (size_t i = 0; i < p->n_feeds; i++) {
		for (uint32_t t = 0; t < profile->feeds[i].n; t++) {
			int64_t run = run_began(&profile->feeds[i].tracks[t], at);

			began = run < began ? run : began;
		}
	}
	return began;
}

struct utc_ms partner_policy_on_since(const struct partner_policy *p, struct utc_ms now)
{
	int64_t since = now.v, at = now.v;

	/* One camera may have come on before another went off: go back as long as any run reaches further. */
	for (bool further = p != NULL; further; at = since - 1) {
		further = false;
		for (size_t i = 0; i < p->n_profiles; i++) {
			int64_t began = profile_run_began(p, &p->profiles[i], at);

			if (began >= at)
				continue;
			since = began < since ? began : since;
			further = since > INT64_MIN;
		}
	}
	return (struct utc_ms){since};
}

size_t partner_policy_cameras_on(const struct partner_policy *p, struct utc_ms now)
{
	size_t n = 0;

	for (size_t i = 0; p && i < p->n_profiles; i++)
		n += profile_on(p, &p->profiles[i], now) ? p->profiles[i].cameras : 0;
	return n;
}

size_t partner_policy_feeds(const struct partner_policy *p, const struct feed_policy *const **feeds)
{
	*feeds = p ? p->listed : NULL;
	return p ? p->n_listed : 0;
}

size_t partner_policy_cameras(const struct partner_policy *p, const struct camera **cameras)
{
	*cameras = p && p->cameras ? p->cameras->cameras : NULL;
	return p && p->cameras ? p->cameras->n : 0;
}

struct policy_snapshot *snapshot_hold(struct policy_snapshot *s)
{
	__atomic_add_fetch(&s->references, 1, __ATOMIC_RELAXED);
	return s;
}

static void partner_fini(struct partner_policy *p)
{
	for (size_t i = 0; i < p->n_registers; i++)
		register_release((struct camera_register *)p->registers[i].cameras);
	for (size_t i = 0; i < p->n_feeds; i++)
		agreement_release((struct agreement *)p->feeds[i].policy.agreement);
}

void snapshot_release(struct policy_snapshot *s)
{
	if (!s || __atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		partner_fini(&s->partners[i]);
	arena_free(&s->arena);
	free(s);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Two registers side by side; both are sorted by camera id.
 */
#include "gateway/governance/difference.h"

#include "gateway/governance/memory.h"
#include "policy/zone.h"

#include <stdlib.h>

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_external_ids(const struct camera *a, const struct camera *b)
{
	if (a->n_external_ids != b->n_external_ids)
		return false;
	for (size_t i = 0; i < a->n_external_ids; i++)
		if (strcmp(a->external_ids[i], b->external_ids[i]) != 0)
			return false;
	return true;
}

static bool same_camera(const struct camera *a, const struct camera *b)
{
	return a->lat == b->lat && a->lon == b->lon && a->heading == b->heading &&
	       same_text(a->name, b->name) && same_text(a->road, b->road) && same_text(a->area, b->area) &&
	       same_text(a->zone, b->zone) && same_external_ids(a, b);
}

static void compare(const struct camera *old, const struct camera *new, struct register_difference *d)
{
	bool was = old->state == CAMERA_LIVE, is = new->state == CAMERA_LIVE;
	d->removed += was && !is;
	d->made_live += !was && is;
	d->restated += !was && !is && old->state != new->state;
	d->changed += !same_camera(old, new);
}

struct register_difference register_difference(
	const struct camera_register *old, const struct camera_register *new)
{
	struct register_difference d = {0};
	size_t n = old ? old->n : 0, i = 0, k = 0;
	while (i < n || k < new->n) {
		int order = i == n ? 1 : k == new->n ? -1 : strcmp(old->cameras[i].id, new->cameras[k].id);
		if (order == 0)
			compare(&old->cameras[i], &new->cameras[k], &d);
		d.removed += order < 0;
		d.added += order > 0;
		i += order <= 0;
		k += order >= 0;
	}
	return d;
}

bool difference_none(const struct register_difference *d)
{
	return !d->removed && !d->restated && !difference_widens(d);
}

bool difference_widens(const struct register_difference *d)
{
	return d->added || d->made_live || d->changed;
}

static struct camera camera_copy(const struct camera *c)
{
	struct camera copy = *c;
	copy.id = memory_text(c->id);
	copy.name = memory_text(c->name);
	copy.road = memory_text(c->road);
	copy.area = memory_text(c->area);
	copy.zone = memory_text(c->zone);
	copy.local = c->local ? zone_hold(c->local) : NULL;
	copy.external_ids = memory_new(c->n_external_ids, sizeof *copy.external_ids);
	for (size_t i = 0; i < c->n_external_ids; i++)
		copy.external_ids[i] = memory_text(c->external_ids[i]);
	return copy;
}

static const struct camera *find(const struct camera_register *r, const char *id, size_t *from)
{
	while (*from < r->n && strcmp(r->cameras[*from].id, id) < 0)
		++*from;
	return *from < r->n && strcmp(r->cameras[*from].id, id) == 0 ? &r->cameras[*from] : NULL;
}

struct camera_register *register_narrowed(
	const struct camera_register *old, const struct camera_register *new)
{
	struct camera_register *r = memory_new(1, sizeof *r);
	r->cameras = memory_new(old->n, sizeof *r->cameras);
	r->references = 1;
	r->sha256 = digest_chain(&old->sha256, span_of(new->sha256.v, sizeof new->sha256.v));
	size_t from = 0;
	for (size_t i = 0; i < old->n; i++) {
		const struct camera *now = find(new, old->cameras[i].id, &from);
		if (!now)
			continue;
		struct camera *kept = &r->cameras[r->n++];
		*kept = camera_copy(&old->cameras[i]);
		if (kept->state == CAMERA_LIVE)
			kept->state = now->state;
	}
	struct span twice;
	/* A part of a register that had each id once, in the same order. */
	if (!ok(register_index(r, &twice)))
		abort();
	return r;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Two registers, both sorted by camera id, into one that has nothing the old one has not.
 */
#include "gateway/governance/narrowed.h"

#include "gateway/base/memory.h"
#include "policy/zone.h"

#include <stdlib.h>

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

/* SPDX-License-Identifier: Apache-2.0
 *
 * The register's hash of ids, and its life. Reading the CSV is gateway/text's.
 */
#include "policy/register.h"

#include "policy/zone.h"

#include <stdlib.h>

/* Open addressing, at most half full; a slot without an id is free. */
struct slot {
	const char *id;
	uint32_t n;
	uint32_t camera;
};

struct ids {
	uint8_t key[16]; /* a partner chooses ids and reads: it must not be able to aim at one bucket */
	uint64_t mask;
	struct slot slots[];
};

static struct ids *ids_new(const struct camera_register *r)
{
	size_t keys = r->n, cap = 16;
	struct ids *ids;

	for (size_t i = 0; i < r->n; i++)
		keys += r->cameras[i].n_external_ids;
	while (cap < 2 * keys)
		cap *= 2;
	ids = calloc(1, sizeof *ids + cap * sizeof ids->slots[0]);
	if (!ids)
		return NULL;
	random_bytes(ids->key, sizeof ids->key);
	ids->mask = cap - 1;
	return ids;
}

/* The slot that holds the id, or the free one where it would go. */
static struct slot *ids_slot(const struct ids *ids, struct span id)
{
	uint64_t at = siphash(ids->key, id) & ids->mask;

	for (;; at = (at + 1) & ids->mask) {
		const struct slot *slot = &ids->slots[at];

		if (!slot->id || span_equal(span_of(slot->id, slot->n), id))
			return (struct slot *)slot;
	}
}

static bool ids_add(struct ids *ids, const char *id, uint32_t camera)
{
	struct slot *slot = ids_slot(ids, span_text(id));

	if (slot->id)
		return slot->camera == camera;
	*slot = (struct slot){.id = id, .n = (uint32_t)strlen(id), .camera = camera};
	return true;
}

static const char *ids_add_camera(struct ids *ids, struct camera *camera)
{
	if (!ids_add(ids, camera->id, camera->index))
		return camera->id;
	for (size_t i = 0; i < camera->n_external_ids; i++) {
		if (!ids_add(ids, camera->external_ids[i], camera->index))
			return camera->external_ids[i];
	}
	return NULL;
}

struct status register_index(struct camera_register *r, struct span *twice)
{
	struct ids *ids = ids_new(r);

	REQUIRE(ids, S_OVERLOAD);
	for (uint32_t i = 0; i < r->n; i++) {
		const char *id;

		r->cameras[i].index = i;
		id = ids_add_camera(ids, &r->cameras[i]);
		if (id || (i > 0 && strcmp(r->cameras[i - 1].id, r->cameras[i].id) >= 0)) {
			*twice = span_text(id ? id : r->cameras[i].id);
			free(ids);
			return S_BAD_INPUT;
		}
	}
	free(r->ids);
	r->ids = ids;
	return S_OK;
}

const struct camera *register_find(const struct camera_register *r, struct span id)
{
	const struct slot *slot;

	if (!r || !r->ids || id.n == 0)
		return NULL;
	slot = ids_slot(r->ids, id);
	return slot->id ? &r->cameras[slot->camera] : NULL;
}

struct camera_register *register_hold(const struct camera_register *r)
{
	struct camera_register *held = (struct camera_register *)r;

	__atomic_add_fetch(&held->references, 1, __ATOMIC_RELAXED);
	return held;
}

static void camera_fini(struct camera *camera)
{
	for (size_t i = 0; i < camera->n_external_ids; i++)
		free(camera->external_ids[i]);
	free(camera->external_ids);
	free(camera->id);
	free(camera->name);
	free(camera->road);
	free(camera->area);
	free(camera->zone);
	zone_release(camera->local);
}

void register_release(struct camera_register *r)
{
	if (!r || __atomic_sub_fetch(&r->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < r->n; i++)
		camera_fini(&r->cameras[i]);
	free(r->cameras);
	free(r->ids);
	free(r);
}

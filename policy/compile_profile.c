/* SPDX-License-Identifier: Apache-2.0
 *
 * Which cameras of the newest register are alike: the same rules in every version of every agreement, the
 * same state in every register, listed by the same offs. Each kind is compiled once.
 */
#include "policy/compile.h"

#include <stdlib.h>

/* A register walked beside the newest one, both sorted by id. */
struct walk {
	const struct camera_register *cameras;
	uint32_t at;
};

/* Forward to the first camera that is not before the id: in steps that double, then halving the last one, as
 * the next is near where all cameras are walked, and may be far where an off lists a few of many. */
static void walk_forward(struct walk *w, const char *id)
{
	const struct camera *cameras = w->cameras->cameras;
	uint32_t n = (uint32_t)w->cameras->n, low = w->at, high, step = 1;

	while (step <= n - low && strcmp(cameras[low + step - 1].id, id) < 0) {
		low += step;
		step *= 2;
	}
	high = step <= n - low ? low + step - 1 : n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(cameras[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	w->at = low;
}

/* The walked register's number of the camera, or NOWHERE. Asked in ascending order. */
static uint32_t walk_to(struct walk *w, const struct camera *camera)
{
	walk_forward(w, camera->id);
	return w->at < w->cameras->n && strcmp(w->cameras->cameras[w->at].id, camera->id) == 0 ? w->at
											       : NOWHERE;
}

/* Where an off's list and the register meet. `visit` 0 counts into start[camera + 1], 1 fills `listed`. */
static void off_list(struct compile *c, uint32_t off, bool fill, uint32_t *next)
{
	const struct switch_key *key = c->offs[off].key;
	struct walk w = {.cameras = c->out->cameras};

	for (size_t i = 0; i < key->n_cameras; i++) {
		uint32_t camera = walk_to(&w, &(struct camera){.id = (char *)key->cameras[i]});

		if (camera == NOWHERE)
			continue;
		if (fill)
			c->listed[next[camera]++] = off;
		else
			next[camera + 1]++;
	}
}

static struct status offs_list(struct compile *c)
{
	size_t n = c->out->cameras->n;
	uint32_t *next = arena_alloc(c->scratch, (n + 1) * sizeof *next);

	c->listed_start = arena_alloc(c->scratch, (n + 2) * sizeof *c->listed_start);
	REQUIRE(next && c->listed_start, S_OVERLOAD);
	for (uint32_t off = 0; off < c->n_offs; off++) {
		if (c->offs[off].key->cameras)
			off_list(c, off, false, c->listed_start);
	}
	for (size_t i = 0; i < n; i++)
		c->listed_start[i + 1] += c->listed_start[i];
	memcpy(next, c->listed_start, n * sizeof *next);
	c->listed = arena_alloc(c->scratch, (c->listed_start[n] + 1) * sizeof *c->listed);
	REQUIRE(c->listed, S_OVERLOAD);
	for (uint32_t off = 0; off < c->n_offs; off++) {
		if (c->offs[off].key->cameras)
			off_list(c, off, true, next);
	}
	return S_OK;
}

/* What a camera is to every version and register, as one list of numbers. */
struct survey {
	struct walk *versions; /* all feeds' in turn */
	struct walk *registers;
	uint32_t *places, *states;
	uint32_t *signature; /* sets, states, offs that list it */
	uint32_t n_versions, n;
};

static struct status survey_new(struct compile *c, struct survey *s)
{
	size_t longest = 0;

	for (size_t i = 0; i < c->n_feeds; i++)
		s->n_versions += c->feeds[i].n_versions;
	for (size_t i = 0; c->out->cameras && i < c->out->cameras->n; i++) {
		size_t listed = c->listed_start[i + 1] - c->listed_start[i];

		longest = listed > longest ? listed : longest;
	}
	s->versions = arena_alloc(c->scratch, (s->n_versions + 1) * sizeof *s->versions);
	s->registers = arena_alloc(c->scratch, (c->n_registers + 1) * sizeof *s->registers);
	s->places = arena_alloc(c->scratch, (s->n_versions + 1) * sizeof *s->places);
	s->states = arena_alloc(c->scratch, (c->n_registers + 1) * sizeof *s->states);
	s->signature = arena_alloc(
		c->scratch, (s->n_versions + c->n_registers + longest + 1) * sizeof *s->signature);
	REQUIRE(s->versions && s->registers && s->places && s->states && s->signature, S_OVERLOAD);
	for (size_t i = 0, at = 0; i < c->n_feeds; i++) {
		for (uint32_t v = 0; v < c->feeds[i].n_versions; v++)
			s->versions[at++].cameras = schedule_register(c->feeds[i].versions[v]->schedule);
	}
	for (size_t i = 0; i < c->n_registers; i++)
		s->registers[i].cameras = c->registers[i].cameras;
	return S_OK;
}

static void survey_camera(const struct compile *c, struct survey *s, const struct camera *camera)
{
	uint32_t at = 0;

	s->n = 0;
	for (size_t i = 0; i < c->n_feeds; i++) {
		for (uint32_t v = 0; v < c->feeds[i].n_versions; v++, at++) {
			uint32_t place = walk_to(&s->versions[at], camera);

			s->places[at] = place;
			s->signature[s->n++] =
				place == NOWHERE ? 0 : schedule_set(c->feeds[i].versions[v]->schedule, place);
		}
	}
	for (size_t i = 0; i < c->n_registers; i++) {
		uint32_t place = walk_to(&s->registers[i], camera);
		const struct camera *then =
			place == NOWHERE ? NULL : &s->registers[i].cameras->cameras[place];

		s->states[i] = then ? (uint32_t)then->state + 1 : 0;
		s->signature[s->n++] = s->states[i];
	}
	for (uint32_t i = c->listed_start[camera->index]; i < c->listed_start[camera->index + 1]; i++)
		s->signature[s->n++] = c->listed[i];
}

static struct status profile_compile(struct compile *c, const struct subject *subject, struct profile *out)
{
	struct tracks *feeds = arena_alloc(c->keep, (c->n_feeds + 1) * sizeof *feeds);
	struct subject s = *subject;

	REQUIRE(feeds, S_OVERLOAD);
	out->feeds = feeds;
	for (size_t i = 0; i < c->n_feeds; i++) {
		TRY(tracks_compile(c, &c->feeds[i], &s, &feeds[i]));
		if (s.places)
			s.places += c->feeds[i].n_versions;
	}
	return S_OK;
}

struct profile_list {
	struct profile *items;
	size_t n, cap;
};

static void profile_list_free(struct profile_list *list)
{
	free(list->items);
}

static struct status profile_add(
	struct compile *c, const struct survey *s, const struct camera *camera, struct profile_list *list)
{
	struct subject subject = {
		.camera = camera,
		.places = s->places,
		.states = s->states,
		.listed = c->listed + c->listed_start[camera->index],
		.n_listed = c->listed_start[camera->index + 1] - c->listed_start[camera->index],
	};

	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 16;
		struct profile *items = reallocarray(list->items, cap, sizeof *items);

		REQUIRE(items, S_OVERLOAD);
		list->items = items;
		list->cap = cap;
	}
	list->items[list->n] = (struct profile){0};
	return profile_compile(c, &subject, &list->items[list->n++]);
}

static struct status cameras_compile(struct compile *c, struct profile_list *list, uint32_t *profile_of)
{
	const struct camera_register *cameras = c->out->cameras;
	struct words table = {.arena = c->scratch};
	struct survey s = {0};

	TRY(offs_list(c));
	TRY(survey_new(c, &s));
	for (uint32_t i = 0; i < cameras->n; i++) {
		uint32_t *profile;

		survey_camera(c, &s, &cameras->cameras[i]);
		profile = words_value(&table, s.signature, s.n);
		REQUIRE(profile, S_OVERLOAD);
		if (*profile == WORDS_NEW) {
			*profile = (uint32_t)list->n;
			TRY(profile_add(c, &s, &cameras->cameras[i], list));
		}
		REQUIRE(*profile < list->n, S_FAULT);
		profile_of[i] = *profile;
		list->items[*profile].cameras++;
	}
	return S_OK;
}

struct status profiles_compile(struct compile *c)
{
	struct profile_list list CLEANUP(profile_list_free) = {0};
	size_t n = c->out->cameras ? c->out->cameras->n : 0;
	uint32_t *profile_of = arena_alloc(c->keep, (n + 1) * sizeof *profile_of);
	struct profile *profiles;

	REQUIRE(profile_of, S_OVERLOAD);
	TRY(profile_compile(c, &(struct subject){0}, &c->out->unregistered));
	if (n > 0)
		TRY(cameras_compile(c, &list, profile_of));
	profiles = arena_alloc(c->keep, (list.n + 1) * sizeof *profiles);
	REQUIRE(profiles, S_OVERLOAD);
	if (list.n > 0)
		memcpy(profiles, list.items, list.n * sizeof *profiles);
	c->out->profile_of = profile_of;
	c->out->profiles = profiles;
	c->out->n_profiles = list.n;
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting, and counts as messages.
 */
#include "gateway/core/totals.h"

#include <stdlib.h>

void totals_free(struct totals *t)
{
	free(t->cameras);
	*t = (struct totals){0};
}

void totals_clear(struct totals *t)
{
	struct camera_count *cameras = t->cameras;
	size_t cap = t->cap_cameras;

	*t = (struct totals){.cameras = cameras, .cap_cameras = cap};
}

static int compare_camera(struct span id, const struct camera_count *count)
{
	struct span other = span_text(count->id);
	size_t n = id.n < other.n ? id.n : other.n;
	int order = n ? memcmp(id.p, other.p, n) : 0;

	return order ? order : (id.n > other.n) - (id.n < other.n);
}

/* Where the camera is, or where it would go, from place `from` on. Galloping: sorted cameras that follow each
 * other find their places in one walk, however few or many they are. */
static size_t camera_place(const struct totals *t, struct span camera, size_t from, bool *there)
{
	size_t low = from, high = from;

	for (size_t step = 1; high < t->n_cameras && compare_camera(camera, &t->cameras[high]) > 0;
		step *= 2) {
		low = high + 1;
		high += step;
	}
	high = high < t->n_cameras ? high + 1 : t->n_cameras;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_camera(camera, &t->cameras[middle]);

		if (order == 0) {
			*there = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*there = false;
	return low;
}

static struct status reserve_cameras(struct totals *t, size_t n)
{
	size_t cap = t->cap_cameras ? t->cap_cameras : 64;
	struct camera_count *cameras;

	if (n <= t->cap_cameras)
		return S_OK;
	while (cap < n)
		cap *= 2;
	cameras = reallocarray(t->cameras, cap, sizeof *cameras);
	REQUIRE(cameras, S_OVERLOAD);
	t->cameras = cameras;
	t->cap_cameras = cap;
	return S_OK;
}

static struct status camera_insert(struct totals *t, size_t at, struct span camera)
{
	TRY(reserve_cameras(t, t->n_cameras + 1));
	memmove(&t->cameras[at + 1], &t->cameras[at], (t->n_cameras - at) * sizeof t->cameras[0]);
	t->cameras[at] = (struct camera_count){0};
	memcpy(t->cameras[at].id, camera.p ? camera.p : (const uint8_t *)"", camera.n);
	t->n_cameras++;
	return S_OK;
}

static void count_add(struct camera_count *to, const struct camera_count *more)
{
	to->received += more->received;
	to->permitted += more->permitted;
	to->denied += more->denied;
	for (int i = 0; i < NOTICES; i++)
		to->noticed[i] += more->noticed[i];
	if (more->timed > 0 && (to->timed == 0 || more->least_delay_ms < to->least_delay_ms))
		to->least_delay_ms = more->least_delay_ms;
	to->timed += more->timed;
}

struct status totals_camera(struct totals *t, struct span camera, const struct camera_count *more)
{
	bool there;
	size_t at;

	REQUIRE(camera.n <= READ_CAMERA_MAX, S_BAD_INPUT);
	/* Whoever comes in order, comes last. */
	at = t->n_cameras > 0 && compare_camera(camera, &t->cameras[t->n_cameras - 1]) > 0 ? t->n_cameras : 0;
	at = camera_place(t, camera, at, &there);
	if (!there)
		TRY(camera_insert(t, at, camera));
	count_add(&t->cameras[at], more);
	return S_OK;
}

static size_t cameras_missing(const struct totals *t, const struct totals *more)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < more->n_cameras; i++) {
		bool there;

		at = camera_place(t, span_text(more->cameras[i].id), at, &there);
		n += !there;
	}
	return n;
}

/* Make room for those that are missing, from the end on, so that nothing is moved twice. */
static struct status cameras_merge(struct totals *t, const struct totals *more)
{
	size_t i = t->n_cameras, j = more->n_cameras, missing = cameras_missing(t, more), to = i + missing;

	TRY(reserve_cameras(t, to));
	t->n_cameras = to;
	while (missing > 0) {
		const struct camera_count *next = &more->cameras[j - 1];
		int order = i > 0 ? compare_camera(span_text(next->id), &t->cameras[i - 1]) : 1;

		if (order > 0) {
			t->cameras[--to] = (struct camera_count){0};
			memcpy(t->cameras[to].id, next->id, sizeof next->id);
			missing--;
		} else {
			t->cameras[--to] = t->cameras[--i];
		}
		j -= order >= 0;
	}
	return S_OK;
}

static struct status cameras_add(struct totals *t, const struct totals *more)
{
	size_t at = 0;

	if (!more->cameras)
		return S_OK;
	TRY(cameras_merge(t, more));
	for (size_t i = 0; i < more->n_cameras; i++) {
		const struct camera_count *c = &more->cameras[i];
		bool there;

		at = camera_place(t, span_text(c->id), at, &there);
		count_add(&t->cameras[at], c);
	}
	return S_OK;
}

struct status totals_add(struct totals *t, const struct totals *more, bool with_cameras)
{
	if (with_cameras)
		TRY(cameras_add(t, more));
	t->received += more->received;
	t->permitted += more->permitted;
	t->published += more->published;
	t->classes_dropped += more->classes_dropped;
	for (int i = 0; i < REASON_COUNT; i++)
		t->denied[i] += more->denied[i];
	for (int i = 0; i < REJECTION_COUNT; i++)
		t->rejected[i] += more->rejected[i];
	return S_OK;
}

uint64_t totals_denied(const struct totals *t)
{
	uint64_t n = 0;

	for (int i = 0; i < REASON_COUNT; i++)
		n += t->denied[i];
	return n;
}

uint64_t totals_rejected(const struct totals *t)
{
	uint64_t n = 0;

	for (int i = 0; i < REJECTION_COUNT; i++)
		n += t->rejected[i];
	return n;
}

static bool denied_message(const struct totals *t, Anpr__V1__Totals *m, struct arena *arena)
{
	m->denied = arena_alloc(arena, REASON_COUNT * sizeof *m->denied);
	if (!m->denied)
		return false;
	for (int i = 0; i < REASON_COUNT; i++) {
		Anpr__V1__ReasonCount *c;

		if (t->denied[i] == 0)
			continue;
		c = arena_alloc(arena, sizeof *c);
		if (!c)
			return false;
		anpr__v1__reason_count__init(c);
		c->reason = (Anpr__V1__Reason)i;
		c->n = t->denied[i];
		m->denied[m->n_denied++] = c;
	}
	return true;
}

static bool rejected_message(const struct totals *t, Anpr__V1__Totals *m, struct arena *arena)
{
	m->rejected = arena_alloc(arena, REJECTION_COUNT * sizeof *m->rejected);
	if (!m->rejected)
		return false;
	for (int i = 0; i < REJECTION_COUNT; i++) {
		Anpr__V1__RejectionCount *c;

		if (t->rejected[i] == 0)
			continue;
		c = arena_alloc(arena, sizeof *c);
		if (!c)
			return false;
		anpr__v1__rejection_count__init(c);
		c->rejection = (Anpr__V1__Rejection)i;
		c->n = t->rejected[i];
		m->rejected[m->n_rejected++] = c;
	}
	return true;
}

static void camera_message(const struct camera_count *from, Anpr__V1__CameraCount *c)
{
	anpr__v1__camera_count__init(c);
	c->camera = (char *)from->id; /* only read from */
	c->received = from->received;
	c->permitted = from->permitted;
	c->denied = from->denied;
	c->low_confidence = from->noticed[NOTICE_LOW_CONFIDENCE];
	c->repeats = from->noticed[NOTICE_REPEAT];
	c->no_confidence = from->noticed[NOTICE_NO_CONFIDENCE];
	c->position_mismatches = from->noticed[NOTICE_POSITION_MISMATCH];
	c->unknown_formats = from->noticed[NOTICE_UNKNOWN_FORMAT];
	c->misread_suspects = from->noticed[NOTICE_MISREAD_SUSPECT];
	c->timed = from->timed;
	c->least_delay_ms = from->least_delay_ms;
}

static struct camera_count count_of_message(const Anpr__V1__CameraCount *c)
{
	return (struct camera_count){
		.received = c->received,
		.permitted = c->permitted,
		.denied = c->denied,
		.noticed = {[NOTICE_LOW_CONFIDENCE] = c->low_confidence,
			[NOTICE_REPEAT] = c->repeats,
			[NOTICE_NO_CONFIDENCE] = c->no_confidence,
			[NOTICE_POSITION_MISMATCH] = c->position_mismatches,
			[NOTICE_UNKNOWN_FORMAT] = c->unknown_formats,
			[NOTICE_MISREAD_SUSPECT] = c->misread_suspects},
		.timed = c->timed,
		.least_delay_ms = c->least_delay_ms,
	};
}

static bool cameras_message(
	const struct totals *t, size_t from, size_t to, Anpr__V1__Totals *m, struct arena *arena)
{
	Anpr__V1__CameraCount *counts = arena_alloc(arena, (to - from) * sizeof *counts);

	m->cameras = arena_alloc(arena, (to - from) * sizeof *m->cameras);
	if (!m->cameras || !counts)
		return to == from;
	for (size_t i = from; i < to; i++) {
		Anpr__V1__CameraCount *c = &counts[i - from];

		camera_message(&t->cameras[i], c);
		m->cameras[m->n_cameras++] = c;
	}
	return true;
}

Anpr__V1__Totals *totals_message(const struct totals *t, size_t from, size_t to, struct arena *arena)
{
	Anpr__V1__Totals *m = arena_alloc(arena, sizeof *m);

	if (!m)
		return NULL;
	anpr__v1__totals__init(m);
	m->received = t->received;
	m->permitted = t->permitted;
	m->published = t->published;
	m->classes_dropped = t->classes_dropped;
	if (!denied_message(t, m, arena) || !rejected_message(t, m, arena) ||
		!cameras_message(t, from, to, m, arena))
		return NULL;
	return m;
}

struct status totals_add_message(struct totals *t, const Anpr__V1__Totals *m)
{
	t->received += m->received;
	t->permitted += m->permitted;
	t->published += m->published;
	t->classes_dropped += m->classes_dropped;
	for (size_t i = 0; i < m->n_denied; i++) {
		REQUIRE((unsigned)m->denied[i]->reason < REASON_COUNT, S_BAD_INPUT);
		t->denied[m->denied[i]->reason] += m->denied[i]->n;
	}
	for (size_t i = 0; i < m->n_rejected; i++) {
		REQUIRE((unsigned)m->rejected[i]->rejection < REJECTION_COUNT, S_BAD_INPUT);
		t->rejected[m->rejected[i]->rejection] += m->rejected[i]->n;
	}
	for (size_t i = 0; i < m->n_cameras; i++) {
		struct camera_count count = count_of_message(m->cameras[i]);

		TRY(totals_camera(t, span_text(m->cameras[i]->camera), &count));
	}
	return S_OK;
}

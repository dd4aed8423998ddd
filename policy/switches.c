/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing switches, and turning events into spans of off.
 */
#include "policy/switches.h"

#include "policy/offs.h"

#include <stdlib.h>

static int text_compare(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int number_compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int cameras_compare(const struct switch_key *a, const struct switch_key *b)
{
	int order = number_compare(a->cameras != NULL, b->cameras != NULL);

	if (order == 0 && a->cameras)
		order = number_compare(a->n_cameras, b->n_cameras);
	if (order != 0 || a->cameras == b->cameras)
		return order;
	for (size_t i = 0; i < a->n_cameras && order == 0; i++)
		order = strcmp(a->cameras[i], b->cameras[i]);
	return order;
}

static int key_compare(const struct switch_key *a, const struct switch_key *b)
{
	int order = text_compare(a->side, b->side);

	if (order == 0)
		order = text_compare(a->agreement, b->agreement);
	if (order == 0)
		order = text_compare(a->rule, b->rule);
	if (order == 0)
		order = number_compare(a->classes, b->classes);
	return order ? order : cameras_compare(a, b);
}

bool switch_key_equal(const struct switch_key *a, const struct switch_key *b)
{
	return key_compare(a, b) == 0;
}

bool selector_covers(const char *selector, const char *name)
{
	return !selector || !*selector || (name && strcmp(selector, name) == 0);
}

bool switch_key_lists(const struct switch_key *key, const char *id)
{
	size_t low = 0, high = key->n_cameras;

	if (!key->cameras)
		return true;
	while (id && low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key->cameras[middle], id);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

struct placed {
	const struct switch_event *event;
};

/* Equal keys together, each in journal order. */
static int event_compare(const void *a, const void *b)
{
	const struct placed *one = a, *two = b;
	int order = key_compare(&one->event->key, &two->event->key);

	return order ? order : (one->event > two->event) - (one->event < two->event);
}

struct run {
	struct off *offs;
	size_t n;
	size_t open;    /* offs before this one were ended by an `on` */
	size_t pending; /* 1 + the off that the latest `on --for` begins at its end; 0 = none */
};

static void run_off(struct run *run, const struct switch_event *event)
{
	int64_t until = event->until.v ? event->until.v : OFF_FOR_EVER;

	if (until < event->at.v)
		until = event->at.v;
	run->offs[run->n++] = (struct off){event->at.v, until, &event->key, event->entry, 0};
}

/* Ends what is off under this key; a period that was to end later now never ends in an off. */
static void run_on(struct run *run, const struct switch_event *event)
{
	for (size_t i = run->open; i < run->n; i++) {
		struct off *off = &run->offs[i];

		if (run->pending == i + 1 && event->at.v <= off->from)
			*off = (struct off){INT64_MAX, INT64_MAX, &event->key, 0, 0}; /* never */
		else if (off->until > event->at.v) {
			off->until = event->at.v > off->from ? event->at.v : off->from;
			off->ended_by = event->entry;
		}
	}
	run->open = run->n;
	run->pending = 0;
	if (event->until.v == 0)
		return;
	run->offs[run->n++] = (struct off){event->until.v, OFF_FOR_EVER, &event->key, event->entry, 0};
	run->pending = run->n;
}

struct status offs_make(
	const struct switch_event *events, size_t n, struct arena *arena, struct off **out, size_t *n_out)
{
	struct placed *order = arena_alloc(arena, (n + 1) * sizeof *order);
	struct run run = {.offs = arena_alloc(arena, (n + 1) * sizeof *run.offs)};

	REQUIRE(order && run.offs, S_OVERLOAD);
	for (size_t i = 0; i < n; i++)
		order[i].event = &events[i];
	qsort(order, n, sizeof *order, event_compare);
	for (size_t i = 0; i < n; i++) {
		const struct switch_event *event = order[i].event;

		if (i > 0 && !switch_key_equal(&order[i - 1].event->key, &event->key)) {
			run.open = run.n;
			run.pending = 0;
		}
		if (event->position == SWITCH_ON)
			run_on(&run, event);
		else
			run_off(&run, event);
	}
	*out = run.offs;
	*n_out = run.n;
	return S_OK;
}

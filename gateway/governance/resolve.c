/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns and areas to camera ids. Depends on the register and the asking alone, so that every reader of the
 * journal comes to the same cameras.
 */
#include "gateway/governance/resolve.h"

#include "gateway/base/memory.h"
#include "gateway/record/form.h"

#include <stdlib.h>

static const char *const class_names[] = {"", "read", "plate_patch", "overview"};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once: the order in which a person wrote patterns down means nothing. */
static void add_patterns(const Anpr__V1__CameraSelector *s, struct buffer *out)
{
	char **sorted = memory_new(s->n_patterns, sizeof *sorted);
	memcpy(sorted, s->patterns, s->n_patterns * sizeof *sorted);
	qsort(sorted, s->n_patterns, sizeof *sorted, by_text);
	for (size_t i = 0; i < s->n_patterns; i++) {
		if (i > 0 && strcmp(sorted[i - 1], sorted[i]) == 0)
			continue;
		text_add(out, "%s", i ? "," : " cameras=");
		text_add(out, "%s", sorted[i]);
	}
	free(sorted);
}

/* The buffer's text without the blank it begins with. */
static char *finish(struct buffer *text)
{
	char *out = memory_text(text->n ? buffer_text(text) + 1 : "");
	buffer_free(text);
	return out;
}

char *selectors_text(const Anpr__V1__SetSwitch *ask)
{
	struct buffer text = {0};
	if (*ask->agreement)
		text_add(&text, " agreement=%s", ask->agreement);
	if (*ask->rule)
		text_add(&text, " rule=%s", ask->rule);
	if (ask->data_class)
		text_add(&text, " class=%s", class_names[ask->data_class]);
	if (ask->cameras && ask->cameras->n_patterns)
		add_patterns(ask->cameras, &text);
	if (ask->cameras && *ask->cameras->area)
		text_add(&text, " area=%s", ask->cameras->area);
	return finish(&text);
}

char *selectors_of_agreement(const char *agreement)
{
	struct buffer text = {0};
	text_add(&text, " agreement=%s", agreement);
	return finish(&text);
}

static void mark_pattern(
	const struct camera_register *r, const char *pattern, bool *marked, size_t *unmatched)
{
	if (!form_is_glob(pattern)) {
		const struct camera *c = register_find(r, span_text(pattern));
		if (c)
			marked[c->index] = true;
		*unmatched += !c;
		return;
	}
	bool found = false;
	for (size_t i = 0; i < r->n; i++) {
		if (glob_match(pattern, span_text(r->cameras[i].id)))
			marked[i] = found = true;
	}
	*unmatched += !found;
}

static void resolve_cameras(
	const struct camera_register *r, const Anpr__V1__CameraSelector *s, struct resolved *out)
{
	size_t n = r ? r->n : 0, found = 0;
	bool *marked = memory_new(n, sizeof *marked);
	if (s->n_patterns == 0)
		memset(marked, 1, n);
	for (size_t i = 0; r && i < s->n_patterns; i++)
		mark_pattern(r, s->patterns[i], marked, &out->unmatched);
	for (size_t i = 0; i < n; i++) {
		if (*s->area && strcmp(r->cameras[i].area, s->area) != 0)
			marked[i] = false;
		found += marked[i];
	}
	const char **ids = memory_new(found, sizeof *ids);
	for (size_t i = 0, k = 0; i < n; i++)
		if (marked[i])
			ids[k++] = memory_text(r->cameras[i].id);
	free(marked);
	out->key.cameras = ids;
	out->key.n_cameras = found;
	out->nothing = found == 0;
}

static char *text_or_none(const char *text)
{
	return *text ? memory_text(text) : NULL;
}

void resolve(const struct partner *p, const Anpr__V1__SetSwitch *ask, const char *side, struct resolved *out)
{
	*out = (struct resolved){
		.key = {.side = memory_text(side),
			.agreement = text_or_none(ask->agreement),
			.rule = text_or_none(ask->rule),
			.classes = ask->data_class ? 1u << ((unsigned)ask->data_class - 1) : 0}};
	if (ask->cameras)
		resolve_cameras(partner_register(p), ask->cameras, out);
}

void resolved_fini(struct resolved *r)
{
	struct switch_event event = {.key = r->key};
	switch_event_fini(&event);
	*r = (struct resolved){0};
}

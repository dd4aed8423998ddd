/* SPDX-License-Identifier: Apache-2.0
 *
 * Two registers side by side; both are sorted by camera id. Part: "register".
 */
#include "policy/difference_make.h"

/* What became of a camera, in the order of the items. */
enum change { CHANGE_NEW, CHANGE_LIVE, CHANGE_OTHERWISE, CHANGE_GONE, CHANGE_STATE, CHANGES };

static const struct {
	const char *words;
	bool widens, narrows;
} changes[CHANGES] = {
	[CHANGE_NEW] = {"new", true, false},
	[CHANGE_LIVE] = {"made live", true, false},
	[CHANGE_OTHERWISE] = {"moved, renamed or otherwise changed", true, false},
	[CHANGE_GONE] = {"removed or no longer live", false, true},
	[CHANGE_STATE] = {"in another state that is not shared", false, false},
};

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_external_ids(const struct camera *a, const struct camera *b)
{
	if (a->n_external_ids != b->n_external_ids)
		return false;
	for (size_t i = 0; i < a->n_external_ids; i++) {
		if (strcmp(a->external_ids[i], b->external_ids[i]) != 0)
			return false;
	}
	return true;
}

static bool same_camera(const struct camera *a, const struct camera *b)
{
	return a->lat == b->lat && a->lon == b->lon && a->heading == b->heading &&
	       same_text(a->name, b->name) && same_text(a->road, b->road) && same_text(a->area, b->area) &&
	       same_text(a->zone, b->zone) && same_external_ids(a, b);
}

struct lists {
	struct difference_make *m;
	struct text_list of[CHANGES];
};

static void note(struct lists *to, enum change change, const struct camera *camera)
{
	text_list_add(to->m, &to->of[change], camera->id);
}

static void camera_compare(struct lists *to, const struct camera *before, const struct camera *after)
{
	bool was = before->state == CAMERA_LIVE, is = after->state == CAMERA_LIVE;

	if (was && !is)
		note(to, CHANGE_GONE, before);
	if (!was && is)
		note(to, CHANGE_LIVE, after);
	if (!was && !is && before->state != after->state)
		note(to, CHANGE_STATE, after);
	if (!same_camera(before, after))
		note(to, CHANGE_OTHERWISE, after);
}

static void registers_walk(
	struct lists *to, const struct camera_register *before, const struct camera_register *after)
{
	size_t n = before ? before->n : 0, m = after ? after->n : 0;

	for (size_t i = 0, k = 0; i < n || k < m;) {
		int order = i == n ? 1 : k == m ? -1 : strcmp(before->cameras[i].id, after->cameras[k].id);

		if (order == 0)
			camera_compare(to, &before->cameras[i], &after->cameras[k]);
		else if (order < 0)
			note(to, CHANGE_GONE, &before->cameras[i]);
		else
			note(to, CHANGE_NEW, &after->cameras[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

void difference_registers(
	struct difference_make *m, const struct camera_register *before, const struct camera_register *after)
{
	struct lists lists = {.m = m};

	if (before == after)
		return;
	registers_walk(&lists, before, after);
	for (int i = 0; i < CHANGES; i++) {
		const struct text_list *list = &lists.of[i];
		struct difference_item item = {
			.part = "register", .widens = changes[i].widens, .narrows = changes[i].narrows};

		if (list->n == 0)
			continue;
		item.words = difference_text(m, "%s %s", cameras_words(m, list->n), changes[i].words);
		item.cameras = list->n;
		if (i == CHANGE_GONE)
			item.removed = text_list_done(list);
		else
			item.added = text_list_done(list);
		difference_add(m, &item);
	}
}

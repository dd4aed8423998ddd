/* SPDX-License-Identifier: Apache-2.0
 *
 * The switches of a partner, one object each, as view.c documents them.
 */
#include "gateway/governance/view.h"

/* When the position that it has now ends by itself. */
static struct utc_ms ends(const struct switch_state *s, bool off)
{
	int64_t until = off ? s->off_until : s->on_until;
	return (struct utc_ms){until == FOR_EVER ? 0 : until};
}

static json_t *switch_view(
	const struct governance *g, const struct partner *p, const struct switch_state *s, struct utc_ms now)
{
	const struct switch_event *last = &p->switches[s->last];
	const struct switch_key *key = &last->key;
	bool off = switch_state_off(s, now);
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:o}", "side",
		view_text(key->side), "selectors", p->selectors[s->last], "agreement",
		view_text(key->agreement), "rule", view_text(key->rule), "class",
		view_text(view_class(key->classes)), "cameras",
		key->cameras ? json_integer((json_int_t)key->n_cameras) : json_null(), "position",
		off ? "off" : "on", "who", view_who(g, last->entry), "entry", (json_int_t)last->entry,
		"since", view_time(last->at), "until", view_time(ends(s, off)));
}

char *governance_view_switches(const struct governance *g, const char *partner, struct utc_ms now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < g->n_partners; i++) {
		const struct partner *p = &g->partners[i];
		if (partner && strcmp(p->id, partner) != 0)
			continue;
		for (const struct switch_state *s = p->states; s; s = s->hh.next) {
			json_t *one = switch_view(g, p, s, now);
			json_object_set_new(one, "partner", json_string(p->id));
			json_array_append_new(list, one);
		}
	}
	return view_finish(list);
}

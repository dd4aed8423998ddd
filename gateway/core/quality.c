/* SPDX-License-Identifier: Apache-2.0
 *
 * What a partner's cameras are like, as JSON: GET /v1/quality?partner=ID. Counts of the clock hour under way,
 * by registered camera; what they come to for good is in the accounts.
 */
#include "gateway/core/core_internal.h"
#include "gateway/core/partner.h"

#include <jansson.h>

static void notices_add(json_t *view, const struct camera_count *c)
{
	static const char *const names[NOTICES] = {
		[NOTICE_LOW_CONFIDENCE] = "low_confidence",
		[NOTICE_REPEAT] = "repeats",
		[NOTICE_NO_CONFIDENCE] = "no_confidence",
		[NOTICE_POSITION_MISMATCH] = "position_mismatches",
		[NOTICE_UNKNOWN_FORMAT] = "unknown_formats",
		[NOTICE_MISREAD_SUSPECT] = "misread_suspects",
	};

	for (int i = 0; i < NOTICES; i++)
		json_object_set_new(view, names[i], json_integer((json_int_t)c->noticed[i]));
}

/* Few reads say nothing of a clock: they may all have come late. */
static json_t *camera_view(const struct camera_count *c)
{
	json_t *view = json_pack("{s:s,s:I,s:I,s:I,s:o}", "camera_id", c->id, "received",
		(json_int_t)c->received, "permitted", (json_int_t)c->permitted, "denied",
		(json_int_t)c->denied, "clock_offset_ms",
		c->timed >= CLOCK_READS_MIN ? json_integer((json_int_t)c->least_delay_ms) : json_null());

	notices_add(view, c);
	return view;
}

static char *hour_view(const char *partner, const struct totals *t, struct utc_ms hour)
{
	json_t *cameras = json_array(), *view;
	char *body;

	for (size_t i = 0; i < t->n_cameras; i++)
		json_array_append_new(cameras, camera_view(&t->cameras[i]));
	view = json_pack("{s:s,s:s?,s:o}", "partner", partner, "hour", hour.v ? CLOCK_TEXT(hour) : NULL,
		"cameras", cameras);
	body = json_dumps(view, JSON_COMPACT);
	json_decref(view);
	return body;
}

char *quality_view(struct core *core, const Anpr__V1__AdminRequest *request, uint32_t *status)
{
	struct status found;
	struct utc_ms hour = {0};
	struct totals t = {0};
	struct publisher *p;
	char partner[80], *body;
	bool elsewhere;

	*status = 400;
	if (!api_query(request->path, "partner", partner, sizeof partner))
		return api_error("partner: missing; ask /v1/quality?partner=ID");
	pthread_mutex_lock(&core->lock);
	p = core->publishers ? core_publisher(core, partner) : NULL;
	elsewhere = p && publisher_elsewhere(p);
	found = p ? publisher_cameras(p, partner, &t, &hour) : S_WAIT;
	pthread_mutex_unlock(&core->lock);
	*status = !ok(found) ? 404 : elsewhere ? 503 : 200;
	if (!ok(found))
		body = api_error("no such partner, or it is not up yet");
	else
		body = elsewhere ? api_error("another node runs this partner (anprctl status says which): "
					     "ask that one")
				 : hour_view(partner, &t, hour);
	totals_free(&t);
	return body;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What is left of a read for one recipient.
 */
#include "policy/decide.h"

static void position_replace(struct read *out, const struct camera *camera, bool drop)
{
	out->has &= ~(unsigned)(READ_HAS_LAT | READ_HAS_LON);
	out->lat = out->lon = 0;
	if (drop || !camera)
		return;
	out->has |= READ_HAS_LAT | READ_HAS_LON;
	out->lat = camera->lat;
	out->lon = camera->lon;
}

static void field_drop(struct read *out, unsigned has, double *value)
{
	out->has &= ~has;
	*value = 0;
}

static void fields_drop(struct read *out, unsigned drop)
{
	if (drop & DROP_SPEED)
		field_drop(out, READ_HAS_SPEED, &out->speed_kph);
	if (drop & DROP_HEADING)
		field_drop(out, READ_HAS_HEADING, &out->heading);
	if (drop & DROP_CONFIDENCE)
		field_drop(out, READ_HAS_CONFIDENCE, &out->confidence);
	if (drop & DROP_LANE) {
		out->has &= ~(unsigned)READ_HAS_LANE;
		out->lane = 0;
	}
	if (drop & DROP_DIRECTION)
		out->direction = READ_DIRECTION_UNSPECIFIED;
	if (drop & DROP_COUNTRY)
		out->country = (struct span){0};
}

void policy_minimise(
	const struct permit *permit, const struct camera *camera, const struct read *in, struct read *out)
{
	struct read kept = *in;

	if (!permit->feed || !(permit->classes & CLASS_READ)) {
		*out = (struct read){0};
		return;
	}
	kept.cursor = (struct span){0};
	if (!(permit->classes & CLASS_PLATE_PATCH))
		kept.plate_patch = (struct span){0};
	if (!(permit->classes & CLASS_OVERVIEW))
		kept.overview = (struct span){0};
	if (camera)
		kept.camera_id = span_text(camera->id);
	position_replace(&kept, camera, permit->feed->agreement->drop & DROP_POSITION);
	fields_drop(&kept, permit->feed->agreement->drop);
	*out = kept;
}

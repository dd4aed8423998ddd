/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a register: refused with a reason, or read so that every camera is found by each of its ids.
 */
#include "gateway/text/text.h"
#include "tests/fuzz/fuzz.h"

static void find_all(const struct camera_register *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct camera *camera = &r->cameras[i];

		NEVER(!(camera->index == i && camera->state > CAMERA_UNKNOWN_STATE &&
			camera->state <= CAMERA_RETIRED));
		NEVER(!(camera->lat >= -90 && camera->lat <= 90 && camera->lon >= -180 &&
			camera->lon <= 180));
		NEVER(!(register_find(r, span_text(camera->id)) == camera));
		for (size_t k = 0; k < camera->n_external_ids; k++)
			NEVER(!(register_find(r, span_text(camera->external_ids[k])) == camera));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error e = {0};
	struct camera_register *r = NULL;
	struct status s = register_parse(span_of(bytes, n), "fuzz", &r, &e);

	NEVER(!(ok(s) ? r && e.n == 0 : !r && e.n > 0));
	if (r)
		find_all(r);
	register_release(r);
	error_free(&e);
	return 0;
}

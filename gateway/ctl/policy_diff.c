/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl policy diff: what one version of an agreement, or of a register, would change of another, without
 * asking anybody: the gateway's own comparison.
 */
#include "gateway/ctl/policy_diff.h"

#include "gateway/ctl/change.h"
#include "gateway/ctl/client.h"
#include "gateway/ctl/document.h"
#include "gateway/governance/governance.h"
#include "policy/difference.h"

#include <stdlib.h>

struct files {
	struct document old, new, cameras;
	struct schedule *schedules[2];
};

static void files_free(struct files *f)
{
	schedule_release(f->schedules[0]);
	schedule_release(f->schedules[1]);
	document_free(&f->old);
	document_free(&f->new);
	document_free(&f->cameras);
}

static enum exit_code files_read(const struct options *o, struct files *f)
{
	bool agreements;
	enum exit_code code = document_read(o, o->arguments[1], &f->old);

	if (code == DONE)
		code = document_read(o, o->arguments[2], &f->new);
	if (code != DONE)
		return code;
	agreements = f->old.agreement && f->new.agreement;
	if (!agreements && !(f->old.cameras && f->new.cameras))
		return fail(o, USAGE, "two agreements or two registers can be compared, and nothing else");
	if (agreements != (o->n_arguments == 4))
		return fail(o, USAGE,
			agreements ? "agreements share what is in a register: name it as the third file"
				   : "two registers need no third file");
	if (agreements)
		code = document_read(o, o->arguments[3], &f->cameras);
	if (code == DONE && agreements && !f->cameras.cameras)
		code = fail(o, USAGE, "%s is not a register", o->arguments[3]);
	return code;
}

static struct status compare(struct files *f, struct difference *out)
{
	struct difference_agreement before = {.agreement = f->old.agreement};
	struct difference_agreement after = {.agreement = f->new.agreement};
	const struct camera_register *cameras = f->cameras.cameras;
	struct difference_side sides[2] = {{&before, 1, cameras}, {&after, 1, cameras}};

	if (f->old.cameras) {
		sides[0] = (struct difference_side){.cameras = f->old.cameras};
		sides[1] = (struct difference_side){.cameras = f->new.cameras};
		return difference_compute(&sides[0], &sides[1], out);
	}
	TRY(schedule_resolve(before.agreement, cameras, &f->schedules[0]));
	TRY(schedule_resolve(after.agreement, cameras, &f->schedules[1]));
	before.schedule = f->schedules[0];
	after.schedule = f->schedules[1];
	return difference_compute(&sides[0], &sides[1], out);
}

static void show(const struct options *o, const struct difference *d)
{
	char *text = governance_change_text(d);
	json_t *change = json_loads(text, 0, NULL);

	if (o->json)
		json_show(change);
	else
		change_print(change);
	json_decref(change);
	free(text);
}

enum exit_code policy_diff(const struct options *o)
{
	struct files f = {0};
	struct difference d = {0};
	enum exit_code code = files_read(o, &f);

	if (code == DONE && !ok(compare(&f, &d)))
		code = fail(o, REFUSED, "there is not enough memory to compare them");
	if (code == DONE)
		show(o, &d);
	difference_free(&d);
	files_free(&f);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Trials: what is counted, and only once its transaction is committed; what ends one.
 */
#include "gateway/core/publisher_internal.h"
#include "gateway/text/text.h"
#include "tests/unit/test_core.h"

#include <jansson.h>
#include <stdlib.h>

#define NOW     INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */
#define HOUR_MS INT64_C(3600000)

static const char cameras[] = "camera_id,name,latitude,longitude,state\n"
			      "A-1,One,51.5,-0.1,live\nA-2,Two,51.5,-0.1,live\n";
static const char text[] =
	"agreement: AG-1\npartner: p\n"
	"recipient: {organisation: mps, topic: anpr.reads, principals: [\"User:CN=police,O=mps\"]}\n"
	"consents: [mps, tfl]\ncontroller: {name: C, contact: c@example}\ninstrument: I\n"
	"documents: [{title: D, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]\n"
	"necessity: N\npurposes: [serious-crime]\n"
	"valid: {from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z}\nkeep_for: 30d\n"
	"rules: [{name: first, cameras: [\"A-1\"]}, {name: second, cameras: [\"A-*\"]}]\n"
	"quality: {min_confidence: 0.7}\n";

static struct trial *trial_of(int64_t for_ms)
{
	struct draft draft = {.partner = strdup("p"), .by_partner = true};
	struct policy_register_version registers = {0};
	struct policy_agreement_version version = {0};
	struct policy_partner_input in = {.partner = "p",
		.organisation = "tfl",
		.registers = &registers,
		.n_registers = 1,
		.agreements = &version,
		.n_agreements = 1};
	const struct trial_terms terms = {"a.yaml", "mps", "CN=alice", {NOW}, for_ms, 7};
	struct schedule *schedule = NULL;
	struct trial *t = NULL;

	ck_assert(ok(register_parse(span_text(cameras), "c", &draft.cameras, NULL)));
	ck_assert(ok(agreement_parse(span_text(text), "a", &draft.agreement, NULL)));
	ck_assert(ok(schedule_resolve(draft.agreement, draft.cameras, &schedule)));
	registers.cameras = draft.cameras;
	version = (struct policy_agreement_version){.agreement = draft.agreement, .schedule = schedule};
	ck_assert(ok(snapshot_compile(&in, 1, 1, (struct utc_ms){NOW}, &draft.snapshot)));
	schedule_release(schedule);
	ck_assert(ok(trial_new(&draft, &terms, &t)));
	return t;
}

/* What policy said today: denied, or permitted into a topic. */
static struct decision today(const char *topic)
{
	static const struct feed_policy feeds[] = {{.topic = "anpr.reads"}, {.topic = "anpr.other"}};
	struct decision d = {.reason = REASON_PARTNER_OFF};

	if (topic) {
		d.verdict = VERDICT_PERMIT;
		d.n = 1;
		d.permits[0].feed = &feeds[strcmp(topic, feeds[0].topic) != 0];
	}
	return d;
}

static void see(struct trial *t, const char *camera, double confidence, const struct decision *d, int64_t at)
{
	const struct read read = {.camera_id = span_text(camera),
		.captured_at = {at},
		.kind = READ_KIND_VRM,
		.vrm = span_text("AB12CDE"),
		.has = READ_HAS_CONFIDENCE,
		.confidence = confidence};

	trial_read(t, "p", &read, d, (struct utc_ms){at}, (struct utc_ms){at});
}

static json_t *view_of(struct trial *t, int64_t at)
{
	char *body = trial_view(t, (struct utc_ms){at});
	json_t *view = json_loads(body, 0, NULL);

	ck_assert_ptr_nonnull(view);
	ck_assert_ptr_null(strstr(body, "AB12"));
	ck_assert_ptr_null(strstr(body, "51.5"));
	free(body);
	return view;
}

static void check(json_t *view, const char *path, const char *key, int want)
{
	json_t *at = *path ? json_object_get(view, path) : view;

	ck_assert_msg(json_integer_value(json_object_get(at, key)) == want, "%s %s is %lld, not %d", path,
		key, (long long)json_integer_value(json_object_get(at, key)), want);
}

START_TEST(what_is_counted)
{
	struct trial *t = trial_of(2 * HOUR_MS);
	struct decision off = today(NULL), on = today("anpr.reads"), elsewhere = today("anpr.other"),
			twice = {.reason = REASON_DUPLICATE};

	see(t, "A-1", 0.9, &on, NOW);        /* both */
	see(t, "A-1", 0.9, &off, NOW);       /* only the draft */
	see(t, "A-2", 0.9, &elsewhere, NOW); /* only the draft: what goes elsewhere is not its matter */
	see(t, "A-2", 0.1, &on, NOW);        /* only today */
	see(t, "B-1", 0.9, &off, NOW);       /* neither: unregistered */
	see(t, "A-1", 0.9, &twice, NOW);     /* neither: a repeat would be one under the draft too */
	trial_read(t, "q", &(struct read){.camera_id = span_text("A-1")}, &on, (struct utc_ms){NOW},
		(struct utc_ms){NOW}); /* another partner's */
	json_t *view = view_of(t, NOW);
	check(view, "", "reads", 0); /* nothing is committed yet */
	json_decref(view);
	trial_settle(t, true);
	see(t, "A-1", 0.9, &on, NOW);
	trial_settle(t, false); /* aborted: decided afresh */
	see(t, "A-1", 0.9, &on, NOW + 10000);
	trial_settle(t, true);
	trial_settle(t, true); /* nothing more */
	view = view_of(t, NOW + 10000);
	check(view, "", "reads", 7);
	check(view, "", "both", 2);
	check(view, "", "only_draft", 2);
	check(view, "", "only_today", 1);
	check(view, "", "neither", 2);
	check(view, "reasons", "low_confidence", 1);
	check(view, "reasons", "unknown_camera", 1);
	check(view, "reasons", "duplicate", 1);
	ck_assert_uint_eq(json_array_size(json_object_get(view, "cameras")), 3);
	ck_assert_uint_eq(json_array_size(json_object_get(view, "hours")), 1);
	/* A read under both rules counts for the first. */
	check(json_array_get(json_object_get(view, "rules"), 0), "", "shared", 3);
	check(json_array_get(json_object_get(view, "rules"), 1), "", "shared", 1);
	json_decref(view);
	trial_release(t);
}
END_TEST

START_TEST(what_ends_it)
{
	struct trial *t = trial_of(60000);
	struct decision on = today("anpr.reads");

	ck_assert(trial_runs(t, (struct utc_ms){NOW + 14999}));
	ck_assert(!trial_runs(t, (struct utc_ms){NOW + 15000})); /* nobody has looked */
	for (int64_t at = NOW; at < NOW + 60000; at += 10000)
		json_decref(view_of(t, at)); /* looking keeps it going */
	ck_assert(trial_runs(t, (struct utc_ms){NOW + 59999}));
	ck_assert(trial_connects(t, "p", (struct utc_ms){NOW + 59999}));
	ck_assert(!trial_connects(t, "q", (struct utc_ms){NOW + 59999}));
	ck_assert(!trial_runs(t, (struct utc_ms){NOW + 60000}));
	ck_assert(!trial_connects(t, "p", (struct utc_ms){NOW + 60000}));
	see(t, "A-1", 0.9, &on, NOW + 60000);
	trial_settle(t, true);
	json_t *view = view_of(t, NOW + 60000);
	check(view, "", "reads", 0);
	ck_assert_str_eq(json_string_value(json_object_get(view, "state")), "done");
	json_decref(view);
	trial_release(t);
	/* No trial: nothing happens. */
	trial_settle(NULL, true);
	ck_assert(!trial_connects(NULL, "p", (struct utc_ms){NOW}));
}
END_TEST

/* More than a transaction can hold is told, not written beyond. */
START_TEST(too_many_for_one_transaction)
{
	struct trial *t = trial_of(60000);
	struct decision on = today("anpr.reads");

	for (int i = 0; i < 2 * BATCH_READS_MAX + 10; i++)
		see(t, "A-1", 0.9, &on, NOW);
	trial_settle(t, true);
	json_t *view = view_of(t, NOW);
	check(view, "", "both", 2 * BATCH_READS_MAX);
	ck_assert(json_is_false(json_object_get(view, "complete")));
	json_decref(view);
	trial_release(t);
}
END_TEST

TCase *case_trial(void)
{
	TCase *c = tcase_create("trial");
	tcase_add_test(c, what_is_counted);
	tcase_add_test(c, what_ends_it);
	tcase_add_test(c, too_many_for_one_transaction);
	return c;
}

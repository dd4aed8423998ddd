/* SPDX-License-Identifier: Apache-2.0
 *
 * Globs, polygons, registers, schedules, marks.
 */
#include "policy/area.h"
#include "policy/words.h"
#include "tests/unit/test_policy.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *pattern, *id;
	bool want;
} globs[] = {
	{"", "", true},
	{"", "a", false},
	{"a", "", false},
	{"a", "a", true},
	{"a", "A", false},
	{"a", "aa", false},
	{"aa", "a", false},
	{"*", "", true},
	{"*", "anything", true},
	{"**", "x", true},
	{"?", "", false},
	{"?", "x", true},
	{"?", "xy", false},
	{"?", "\xc3\xa9", true}, /* one character, two bytes */
	{"??", "\xc3\xa9", false},
	{"?*", "", false},
	{"*?", "x", true},
	{"ULEZ-0*", "ULEZ-00017", true},
	{"ULEZ-0*", "ULEZ-10017", false},
	{"*-0*", "ULEZ-00017", true},
	{"*7", "ULEZ-00017", true},
	{"*7", "ULEZ-00017a", false},
	{"*a*b*c", "xxaxxbxxc", true},
	{"*a*b*c", "xxaxxcxxb", false},
	{"*ab", "aab", true},
	{"[0-9]", "5", false}, /* only * and ? are special */
	{"[0-9]", "[0-9]", true},
	{"a.c", "abc", false},
	{"\\*", "*", false},
	{"a*", "b", false},
};

START_TEST(test_glob)
{
	ck_assert_msg(glob_match(globs[_i].pattern, span_text(globs[_i].id)) == globs[_i].want, "%s on %s",
		globs[_i].pattern, globs[_i].id);
}
END_TEST

START_TEST(test_a_glob_made_to_explode_does_not)
{
	char id[4096], pattern[256];

	memset(id, 'a', sizeof id);
	for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
		memcpy(pattern + i, "a*", 3);
	memcpy(pattern + 250, "b", 2);
	ck_assert(!glob_match(pattern, span_of(id, sizeof id)));
}
END_TEST

static const struct point square[] = {{0, 0}, {0, 2}, {2, 2}, {2, 0}};
static const struct point bow_tie[] = {{0, 0}, {2, 2}, {0, 2}, {2, 0}};

START_TEST(test_area)
{
	ck_assert(area_contains(square, 4, (struct point){1, 1}));
	ck_assert(!area_contains(square, 4, (struct point){1, 2.1}));
	ck_assert(!area_contains(square, 4, (struct point){1, -0.1}));
	ck_assert(!area_contains(square, 4, (struct point){2.1, 1}));
	ck_assert(!area_contains(square, 4, (struct point){-1, 0}));
	ck_assert(!area_contains(square, 2, (struct point){0, 1}));
	ck_assert(!area_contains(NULL, 0, (struct point){0, 0}));
	ck_assert(area_contains(bow_tie, 4, (struct point){0.2, 1}) !=
		  area_contains(bow_tie, 4, (struct point){1, 0.2}));
}
END_TEST

START_TEST(test_distance)
{
	ck_assert(area_distance_m((struct point){51.5, -0.1}, (struct point){51.5, -0.1}) == 0);
	/* A thousandth of a degree of latitude is 111.195 m; of longitude at 60 degrees north, half of that.
	 */
	ck_assert_double_eq_tol(
		area_distance_m((struct point){51.5, 0}, (struct point){51.501, 0}), 111.195, 0.01);
	ck_assert_double_eq_tol(
		area_distance_m((struct point){60, 0}, (struct point){60, 0.001}), 55.6, 0.01);
	ck_assert_double_eq_tol(
		area_distance_m((struct point){0, 179.9995}, (struct point){0, -179.9995}), 111.195, 0.01);
}
END_TEST

START_TEST(test_a_register_refuses_what_it_cannot_tell_apart)
{
	char *external[] = {(char *)"x"};
	struct camera cameras[] = {{.id = (char *)"a", .external_ids = external, .n_external_ids = 1},
		{.id = (char *)"b", .external_ids = external, .n_external_ids = 1}};
	struct camera_register r = {.cameras = cameras, .n = 2, .references = 1};
	struct span twice = {0};

	ck_assert_int_eq(register_index(&r, &twice).kind, STATUS_BAD_INPUT);
	ck_assert(span_is(twice, "x"));
	cameras[1].n_external_ids = 0;
	cameras[1].id = (char *)"x";
	ck_assert_int_eq(register_index(&r, &twice).kind, STATUS_BAD_INPUT);
	cameras[1].id = (char *)"a";
	ck_assert_int_eq(register_index(&r, &twice).kind, STATUS_BAD_INPUT);
	cameras[1].id = (char *)"A"; /* out of order */
	ck_assert_int_eq(register_index(&r, &twice).kind, STATUS_BAD_INPUT);
	ck_assert_ptr_null(r.ids);
	ck_assert_ptr_null(register_find(&r, span_text("a")));
	ck_assert_ptr_null(register_find(NULL, span_text("a")));
	cameras[1].id = (char *)"b";
	ck_assert(ok(register_index(&r, &twice)));
	ck_assert_ptr_eq(register_find(&r, span_text("x")), &cameras[0]);
	ck_assert_ptr_eq(register_find(&r, span_text("b")), &cameras[1]);
	ck_assert_ptr_null(register_find(&r, span_text("b ")));
	ck_assert_ptr_null(register_find(&r, (struct span){0}));
	free(r.ids);
}
END_TEST

START_TEST(test_a_schedule_covers_what_its_rules_say)
{
	struct world w;
	const struct schedule *s;
	const uint32_t *rules;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, "{name: a, cameras: [\"A-*\", \"B-*\"]}",
		"{name: a, cameras: [\"A-*\", \"A-1\", X], area: [[51.45,-1],[51.45,1],[52,0]]}", NULL, NULL);
	s = w.agreements[0].schedule;
	ck_assert(schedule_covers(s, 0, span_text("A-1")));
	ck_assert(!schedule_covers(s, 0, span_text("serial:1")));
	ck_assert(!schedule_covers(s, 0, span_text("A-2"))); /* south of the area */
	ck_assert(schedule_covers(s, 1, span_text("A-2")));
	ck_assert(!schedule_covers(s, 0, span_text("B-1")));
	ck_assert(!schedule_covers(s, 2, span_text("A-1")));
	ck_assert(!schedule_covers(s, 0, span_text("")));
	ck_assert_uint_eq(schedule_cameras(s), 3);
	ck_assert_uint_eq(schedule_rules(s, 0, &rules), 2);
	ck_assert_uint_eq(rules[0], 0);
	ck_assert_uint_eq(rules[1], 1);
	ck_assert_uint_eq(schedule_rules(s, 3, &rules), 0);
	ck_assert_uint_ne(schedule_set(s, 0), schedule_set(s, 1));
	world_end(&w);
}
END_TEST

START_TEST(test_words_are_kept_apart)
{
	struct arena arena = {0};
	struct words table = {.arena = &arena};

	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t list[3] = {i % 10, i / 10 % 10, i / 100};

		ck_assert_uint_eq(*words_value(&table, list, 3), WORDS_NEW);
		*words_value(&table, list, 3) = i;
	}
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t list[3] = {i % 10, i / 10 % 10, i / 100};

		ck_assert_uint_eq(*words_value(&table, list, 3), i);
	}
	ck_assert_uint_eq(*words_value(&table, NULL, 0), WORDS_NEW);
	ck_assert_uint_eq(table.n, 1001);
	arena_free(&arena);
}
END_TEST

static const struct {
	const char *vrm, *want;
} normalised[] = {
	{"AB12CDE", "AB12CDE"},
	{"ab12 cde", "AB12CDE"},
	{" A-B\t1 2 C D E ", "AB12CDE"},
	{"", ""},
	{" - ", ""},
	{"t\xc3\xb6lsl123", "T\xc3\x96LSL123"},
	{"\xc3\xb7", "\xc3\xb7"}, /* a division sign has no capital */
	{"AB12\xc2\xa0"
	 "CDE",
		"AB12CDE"},
	{"W\xe2\x80\x93"
	 "123",
		"W123"},
	{"0123456789012345678", "0123456789012345"},
	{"\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96"
	 "\xc3\x96\xc3"
	 "\x96\xc3\x96\xc3\x96\xc3\x96",
		"\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3\x96\xc3"
		"\x96\xc3\x96\xc3"
		"\x96\xc3\x96\xc3\x96"},
};

START_TEST(test_a_mark_is_written_one_way)
{
	char to[VRM_BYTES];
	struct span got = vrm_normalise(span_text(normalised[_i].vrm), to);

	ck_assert_msg(span_is(got, normalised[_i].want), "row %d", _i);
	ck_assert_int_eq(to[got.n], 0);
}
END_TEST

START_TEST(test_bytes_that_are_no_text_stay_within_bounds)
{
	char to[VRM_BYTES];
	uint8_t bytes[200];

	memset(bytes, 0xFF, sizeof bytes);
	ck_assert_uint_le(vrm_normalise(span_of(bytes, sizeof bytes), to).n, 64);
	memset(bytes, 0x80, sizeof bytes);
	ck_assert_uint_le(vrm_normalise(span_of(bytes, sizeof bytes), to).n, 64);
	memset(bytes, 0xE2, sizeof bytes);
	ck_assert_uint_le(vrm_normalise(span_of(bytes, 2), to).n, 64);
}
END_TEST

static const struct {
	const char *vrm;
	bool want;
} marks[] = {
	{"AB12CDE", true},
	{"LK73ZZZ", true},
	{"AB51CDE", true},
	{"AB02CDE", true},
	{"AB00CDE", false},
	{"AB01CDE", false},
	{"AB50CDE", false},
	{"IB12CDE", false},
	{"QB12CDE", false},
	{"ZB12CDE", false},
	{"AZ12CDE", false},
	{"AB12CIE", false},
	{"AB12QDE", false},
	{"A1BCD", true},
	{"A999BCD", true},
	{"A0BCD", false},
	{"A1000BCD", false},
	{"I1BCD", false},
	{"U1BCD", false},
	{"Q1ABC", true},
	{"Q123XYZ", true},
	{"ABC1D", true},
	{"ABC123D", true},
	{"ABC123U", false},
	{"ABC1234", false},
	{"A1", true},
	{"AB1234", true},
	{"ABC123", true},
	{"1A", true},
	{"1234AB", true},
	{"123ABC", true},
	{"1234ABC", false},
	{"ABZ1234", true},
	{"AZ1", true},
	{"AIB1234", true},
	{"IAB1234", false},
	{"AZB12345", false},
	{"1234ABZ", true},
	{"101D234", true},
	{"101X234", true},
	{"101E234", false},
	{"12345", true},
	{"123A", true},
	{"AB12CD", true},
	{"12AB34", true},
	{"J1", true},
	{"J123456", true},
	{"J1234567", false},
	{"1", true},
	{"123456", false},
	{"MAN123", true},
	{"MN1", true},
	{"", false},
	{"A", false},
	{"ABCDEFG", false},
	{"T\xc3\x96LSL", false},
	{"DK18HVX", true},
	{"AB12CDEF", false},
	{"ab12cde", false},
	{"unknown", false},
	{"AB 12CDE", false},
	{"0", true},
	{"A0", true},
};

START_TEST(test_a_mark_has_a_known_syntax)
{
	ck_assert_msg(vrm_is_uk(span_text(marks[_i].vrm)) == marks[_i].want, "%s", marks[_i].vrm);
}
END_TEST

#define IDS   3000
#define LISTS 60

/* Offs that list a few of many cameras, or many, or none that is there: each finds its own. */
START_TEST(test_offs_find_their_cameras)
{
	static char ids[IDS][12];
	static const char *lists[LISTS][400];
	static bool off[IDS];
	char *csv = malloc(IDS * 32 + 100), *at = csv;
	unsigned seed = 7;
	struct world w;

	ck_assert_ptr_nonnull(csv);
	at += sprintf(at, "camera_id,latitude,longitude,state\n");
	for (int i = 0; i < IDS; i++) {
		sprintf(ids[i], "A-%05d", i);
		if (i % 7 != 3) /* some are not in the register */
			at += sprintf(at, "%s,51.5,-0.1,live\n", ids[i]);
	}
	world_begin(&w);
	world_register(&w, LONG_AGO, csv);
	free(csv);
	world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	for (int k = 0; k < LISTS; k++) {
		struct switch_key key = {.cameras = lists[k]};
		int gap = 1 + rand_r(&seed) % (k % 2 ? 4000 : 40);

		for (int i = rand_r(&seed) % gap; i < IDS && key.n_cameras < 400;
			i += 1 + rand_r(&seed) % gap) {
			lists[k][key.n_cameras++] = ids[i];
			off[i] = true;
		}
		world_switch(&w, NOON - HOUR, SWITCH_OFF, key);
	}
	world_compile(&w);
	for (int i = 0; i < IDS; i++) {
		struct read read = world_read();
		enum reason want = i % 7 == 3 ? REASON_UNKNOWN_CAMERA : off[i] ? REASON_CAMERA_OFF : 0;

		read.camera_id = span_text(ids[i]);
		ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, want);
	}
	world_end(&w);
}
END_TEST

Suite *suite_policy_parts(void)
{
	Suite *suite = suite_create("policy_parts");
	TCase *tests = tcase_create("parts");

	tcase_add_test(tests, test_offs_find_their_cameras);
	tcase_add_loop_test(tests, test_glob, 0, ROWS(globs));
	tcase_add_test(tests, test_a_glob_made_to_explode_does_not);
	tcase_add_test(tests, test_area);
	tcase_add_test(tests, test_distance);
	tcase_add_test(tests, test_a_register_refuses_what_it_cannot_tell_apart);
	tcase_add_test(tests, test_a_schedule_covers_what_its_rules_say);
	tcase_add_test(tests, test_words_are_kept_apart);
	tcase_add_loop_test(tests, test_a_mark_is_written_one_way, 0, ROWS(normalised));
	tcase_add_test(tests, test_bytes_that_are_no_text_stay_within_bounds);
	tcase_add_loop_test(tests, test_a_mark_has_a_known_syntax, 0, ROWS(marks));
	suite_add_tcase(suite, tests);
	return suite;
}

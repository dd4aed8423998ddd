/* SPDX-License-Identifier: Apache-2.0
 *
 * Registers: what is taken, and the exact message about what is not.
 */
#include "gateway/text/text.h"
#include "tests/unit/test_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HEADER "camera_id,external_ids,name,latitude,longitude,road,heading,area,state,zone\n"
#define ROW    "A-1,\"serial:1\",North,51.5,-0.1,A202,350,Westminster,live,Europe/London\n"

static const struct {
	const char *name, *text, *want;
} refused[] = {
	{"nothing", "", "r.csv:1:1: the file is empty\n"},
	{"only line ends", "\n\r\n\n", "r.csv:1:1: the file is empty\n"},
	{"no camera", HEADER, "r.csv:1:1: no camera; to share none any more, make them retired\n"},
	{"a column nobody knows", "camera_id,latitude,longitude,state,vrm\nA,1,2,live,x\n",
		"r.csv:1:36: no such column; there are camera_id, external_ids, name, latitude, longitude, "
		"road, heading, "
		"area, state, zone\n"},
	{"a column twice", "camera_id,latitude,longitude,state,state\n",
		"r.csv:1:36: state is there twice\n"},
	{"columns missing", "camera_id,name\nA,b\n",
		"r.csv:1:1: latitude is missing from the header\nr.csv:1:1: longitude is missing from the "
		"header\n"
		"r.csv:1:1: state is missing from the header\n"},
	{"too few fields", HEADER "A-1,,North\n", "r.csv:2:1: 3 fields where the header has 10\n"},
	{"too many fields", "camera_id,latitude,longitude,state\nA,1,2,live,\n",
		"r.csv:2:1: 5 fields where the header has 4\n"},
	{"an open quote", HEADER "A-1,\"serial\n" ROW,
		"r.csv:2:5: the quoted field does not end on this line\n"},
	{"text after a quote", HEADER "\"A\"-1,,,1,2,,,,live,\n", "r.csv:2:4: text after a quoted field\n"},
	{"a quote inside", HEADER "A-1,,5\" wide,1,2,,,,live,\n",
		"r.csv:2:7: a quote inside a field that does not begin with one\n"},
	{"no id", HEADER ",,,1,2,,,,live,\n",
		"r.csv:2:1: camera_id is not 1 to 64 bytes without control characters, * or ?\n"},
	{"an id that is a glob", HEADER "A*,,,1,2,,,,live,\n",
		"r.csv:2:1: camera_id is not 1 to 64 bytes without control characters, * or ?\n"},
	{"an id with a space behind", HEADER "A ,,,1,2,,,,live,\n",
		"r.csv:2:1: camera_id is not 1 to 64 bytes without control characters, * or ?\n"},
	{"an id that is no UTF-8", HEADER "A\xff,,,1,2,,,,live,\n",
		"r.csv:2:1: camera_id is not 1 to 64 bytes without control characters, * or ?\n"},
	{"an id twice", HEADER "A,,,1,2,,,,live,\nB,,,1,2,,,,live,\nA,,,1,2,,,,live,\n",
		"r.csv:4:1: id used on line 2 already\n"},
	{"an external id that is another's id", HEADER "A,,,1,2,,,,live,\nB,A,,1,2,,,,live,\n",
		"r.csv:3:3: id used on line 2 already\n"},
	{"an external id twice", HEADER "A,x;y,,1,2,,,,live,\nB,\"z,y\",,1,2,,,,live,\n",
		"r.csv:3:3: id used on line 2 already\n"},
	{"an empty external id", HEADER "A,x;;y,,1,2,,,,live,\n",
		"r.csv:2:3: external_ids is not at most 16 ids of 1 to 64 bytes, separated by commas or "
		"semicolons\n"},
	{"a tab in a name", HEADER "A,,a\tb,1,2,,,,live,\n",
		"r.csv:2:4: name is not a text of at most 200 bytes without control characters\n"},
	{"a zero in a name", NULL,
		"r.csv:2:4: name is not a text of at most 200 bytes without control characters\n"},
	{"a latitude that is none", HEADER "A,,,90.1,2,,,,live,\n",
		"r.csv:2:5: latitude is not a number from -90 to 90\n"},
	{"an empty latitude", HEADER "A,,,,2,,,,live,\n",
		"r.csv:2:5: latitude is not a number from -90 to 90\n"},
	{"an infinite longitude", HEADER "A,,,1,inf,,,,live,\n",
		"r.csv:2:7: longitude is not a number from -180 to 180\n"},
	{"a longitude with a comma", HEADER "A,,,1,\"0,1\",,,,live,\n",
		"r.csv:2:7: longitude is not a number from -180 to 180\n"},
	{"a heading that is none", HEADER "A,,,1,2,,361,,live,\n",
		"r.csv:2:10: heading is not a number from 0 to 360\n"},
	{"no state", HEADER "A,,,1,2,,,,,\n",
		"r.csv:2:12: state is not offered, commissioning, live or retired\n"},
	{"a state nobody knows", HEADER "A,,,1,2,,,,LIVE,\n",
		"r.csv:2:12: state is not offered, commissioning, live or retired\n"},
	{"a zone that is none", HEADER "A,,,1,2,,,,live,GMT+1:30\n",
		"r.csv:2:17: zone is not a time zone of the tz database, such as Europe/London\n"},
	{"columns counted in characters", HEADER "A,,\xc3\xa4\xc3\xb6\xc3\xbc,1,2,,,,x,\n",
		"r.csv:2:15: state is not offered, commissioning, live or retired\n"},
	{"several at once", HEADER "A,,,1,2,,,,x,\nB,,\n\nC,,,y,2,,,,live,\n",
		"r.csv:2:12: state is not offered, commissioning, live or retired\n"
		"r.csv:3:1: 3 fields where the header has 10\n"
		"r.csv:5:5: latitude is not a number from -90 to 90\n"},
};

START_TEST(test_what_is_wrong_is_told_with_its_place)
{
	static const char zero[] = HEADER "A,,a\0b,1,2,,,,live,\n";
	struct span text = refused[_i].text ? span_text(refused[_i].text) : span_of(zero, sizeof zero - 1);
	struct error e = {0};
	struct camera_register *r = NULL;
	char *told;

	ck_assert_int_eq(register_parse(text, "r.csv", &r, &e).kind, STATUS_BAD_INPUT);
	ck_assert_ptr_null(r);
	told = error_lines(&e);
	ck_assert_msg(strcmp(told, refused[_i].want) == 0, "%s:\ngot  %swant %s", refused[_i].name, told,
		refused[_i].want);
	free(told);
	error_free(&e);
}
END_TEST

static struct camera_register *parsed(const char *text)
{
	struct error e = {0};
	struct camera_register *r = NULL;

	ck_assert_msg(ok(register_parse(span_text(text), "r.csv", &r, &e)), "%s", error_text(&e));
	error_free(&e);
	return r;
}

START_TEST(test_everything_is_read)
{
	struct camera_register *r = parsed("\xef\xbb\xbf" HEADER "B-2,,,0,0,,,,retired,\r\n" ROW);
	const struct camera *camera = register_find(r, span_text("serial:1"));

	ck_assert_uint_eq(r->n, 2);
	ck_assert_ptr_eq(camera, register_find(r, span_text("A-1")));
	ck_assert_ptr_eq(camera, &r->cameras[0]);
	ck_assert_str_eq(camera->id, "A-1");
	ck_assert_str_eq(camera->name, "North");
	ck_assert_str_eq(camera->road, "A202");
	ck_assert_str_eq(camera->area, "Westminster");
	ck_assert_str_eq(camera->zone, "Europe/London");
	ck_assert(camera->lat == 51.5 && camera->lon == -0.1 && camera->heading == 350);
	ck_assert_int_eq(camera->state, CAMERA_LIVE);
	ck_assert_str_eq(r->cameras[1].id, "B-2");
	ck_assert_str_eq(r->cameras[1].name, "");
	ck_assert(r->cameras[1].heading < 0);
	ck_assert_int_eq(r->cameras[1].state, CAMERA_RETIRED);
	ck_assert_ptr_null(register_find(r, span_text("A-3")));
	ck_assert_ptr_null(register_find(r, span_text("")));
	register_release(r);
}
END_TEST

START_TEST(test_columns_come_in_any_order_and_may_be_left_out)
{
	struct camera_register *r =
		parsed("state,longitude,\"camera_id\",latitude\nlive,-0.1,\"say \"\"A\"\", B\",51.5");

	ck_assert_str_eq(r->cameras[0].id, "say \"A\", B");
	ck_assert(r->cameras[0].lat == 51.5);
	ck_assert_str_eq(r->cameras[0].zone, "");
	register_release(r);
}
END_TEST

START_TEST(test_a_camera_may_name_itself_again)
{
	struct camera_register *r = parsed(HEADER "A,\" A , x ; x\",,1,2,,,,live,\n");

	ck_assert_ptr_eq(register_find(r, span_text("x")), &r->cameras[0]);
	register_release(r);
}
END_TEST

START_TEST(test_every_beginning_of_a_good_text_is_read_or_refused)
{
	static const char text[] = HEADER ROW "\"A\"\"2\",\"x;y\",,1,2,,,,live,\r\n";

	for (size_t n = 0; n < sizeof text; n++) {
		struct camera_register *r = NULL;

		if (ok(register_parse(span_of(text, n), "r.csv", &r, NULL)))
			register_release(r);
	}
}
END_TEST

START_TEST(test_a_hundred_thousand_cameras_are_read_and_not_one_more)
{
	struct buffer b CLEANUP(buffer_free) = {0};
	struct camera_register *r = NULL;
	struct error e = {0};

	ck_assert(ok(buffer_append_text(&b, HEADER)));
	for (int i = 0; i < 100000; i++)
		ck_assert(ok(buffer_format(&b,
			"CAM-%06d,\"serial:%d\",Name %d,51.5,-0.1,A1,90,Area,live,Europe/London\n", i, i,
			i)));
	ck_assert(ok(register_parse(buffer_span(&b), "r.csv", &r, NULL)));
	ck_assert_uint_eq(r->n, 100000);
	ck_assert_str_eq(register_find(r, span_text("serial:99999"))->id, "CAM-099999");
	register_release(r);
	ck_assert(ok(buffer_append_text(&b, ROW)));
	ck_assert_int_eq(register_parse(buffer_span(&b), "r.csv", &r, &e).kind, STATUS_BAD_INPUT);
	ck_assert_str_eq(error_text(&e), "r.csv:100002:1: more than 100,000 cameras");
	error_free(&e);
}
END_TEST

Suite *suite_text_register(void)
{
	Suite *suite = suite_create("text_register");
	TCase *tests = tcase_create("register");

	tcase_add_loop_test(tests, test_what_is_wrong_is_told_with_its_place, 0,
		(int)(sizeof refused / sizeof refused[0]));
	tcase_add_test(tests, test_everything_is_read);
	tcase_add_test(tests, test_columns_come_in_any_order_and_may_be_left_out);
	tcase_add_test(tests, test_a_camera_may_name_itself_again);
	tcase_add_test(tests, test_every_beginning_of_a_good_text_is_read_or_refused);
	tcase_add_test(tests, test_a_hundred_thousand_cameras_are_read_and_not_one_more);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return suite;
}

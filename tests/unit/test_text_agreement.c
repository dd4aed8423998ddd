/* SPDX-License-Identifier: Apache-2.0
 *
 * Agreements: what is taken, the exact message about what is not, and the canonical form. Each row changes
 * one good text in one place.
 */
#include "gateway/base/file.h"
#include "gateway/text/text.h"
#include "policy/switches.h"
#include "proto/read.h"
#include "tests/unit/test_text.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const good =
	"agreement: TFL-MPS-1\n"
	"partner: tfl-ulez\n"
	"recipient: {organisation: mps, topic: anpr.reads, principals: [\"User:CN=police,O=mps\"]}\n"
	"verifiers: [\"User:CN=verifier,O=ico\"]\n"
	"consents: [mps, tfl]\n"
	"controller: {name: Transport for London, contact: dpo@tfl.example}\n"
	"instrument: MD2977\n"
	"documents: [{title: DPIA, sha256: "
	"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]\n"
	"necessity: Cameras do not cover the zone.\n"
	"purposes: [serious-crime, counter-terrorism]\n"
	"valid: {from: 2026-11-01T00:00:00Z, until: 2027-10-31T23:59:59Z, review_by: 2027-05-01}\n"
	"keep_for: 365d\n"
	"kinds: [vrm]\n"
	"share: [read, overview]\n"
	"drop: [speed_kph, heading]\n"
	"rules:\n"
	"  - name: inner-ring\n"
	"    cameras: [\"ULEZ-0*\", \"ULEZ-10017\"]\n"
	"  - name: south-nights\n"
	"    area: [[51.44,-0.20],[51.44,0.05],[51.50,0.05],[51.50,-0.20]]\n"
	"    hours: {zone: Europe/London, days: [mon,tue,wed,thu,fri], from: \"20:00\", to: \"06:00\"}\n"
	"quality: {min_confidence: 0.7, max_age: 24h, max_future: 5s, clock_bound: 2s}\n";

/* The good text with the first `from` replaced; an empty `from`: `to` added at the end. The caller frees. */
static char *changed(const char *from, const char *to)
{
	const char *at = from[0] ? strstr(good, from) : good + strlen(good);
	char *out = NULL;

	ck_assert_msg(at != NULL, "the row changes nothing: %s", from);
	ck_assert_int_gt(asprintf(&out, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from)), 0);
	return out;
}

static struct agreement *parsed(const char *text)
{
	struct error e = {0};
	struct agreement *a = NULL;

	ck_assert_msg(ok(agreement_parse(span_text(text), "a.yaml", &a, &e)), "%s", error_text(&e));
	ck_assert_uint_eq(e.n, 0);
	error_free(&e);
	return a;
}

static const struct {
	const char *name, *from, *to, *want;
} refused[] = {
	{"not YAML", "consents: [mps, tfl]", "consents: [mps, tfl",
		"a.yaml:6:11: not YAML: did not find expected ',' or ']'\n"},
	{"a key nobody knows", "kinds:", "kind:", "a.yaml:13:1: unknown key 'kind'\n"},
	{"a key that is no id", "kinds:", "\"k\\x01\":", "a.yaml:13:1: unknown key\n"},
	{"a key deep inside", "clock_bound: 2s", "clock_bond: 2s",
		"a.yaml:22:62: unknown key 'clock_bond'\n"},
	{"a key twice", "kinds: [vrm]", "partner: other", "a.yaml:13:1: 'partner' is there twice\n"},
	{"a key that is a list", "kinds: [vrm]", "[a]: b", "a.yaml:13:1: a single value is expected here\n"},
	{"an alias", "share: [read, overview]", "share: &s [read]\nx: *s",
		"a.yaml:14:8: an anchor (&) is not allowed\na.yaml:15:4: an alias (*) is not allowed\n"},
	{"a merge key", "share: [read, overview]", "<<: {a: b}", "a.yaml:14:1: unknown key\n"},
	{"a tag", "keep_for: 365d", "keep_for: !!python/object x",
		"a.yaml:12:11: a tag (!) is not allowed\n"},
	{"a second document", "", "---\nagreement: B\n", "a.yaml:23:1: a second document\n"},
	{"too deep", "kinds: [vrm]", "kinds: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
		"a.yaml:13:23: nested too deep\n"},
	{"no agreement", "agreement: TFL-MPS-1\n", "", "a.yaml:1:1: 'agreement' is missing\n"},
	{"no partner", "partner: tfl-ulez\n", "", "a.yaml:1:1: 'partner' is missing\n"},
	{"no consents", "consents: [mps, tfl]\n", "", "a.yaml:1:1: 'consents' is missing\n"},
	{"no instrument", "instrument: MD2977\n", "", "a.yaml:1:1: 'instrument' is missing\n"},
	{"no necessity", "necessity: Cameras do not cover the zone.\n", "",
		"a.yaml:1:1: 'necessity' is missing\n"},
	{"no purposes", "purposes: [serious-crime, counter-terrorism]\n", "",
		"a.yaml:1:1: 'purposes' is missing\n"},
	{"no keep_for", "keep_for: 365d\n", "", "a.yaml:1:1: 'keep_for' is missing\n"},
	{"no beginning", "from: 2026-11-01T00:00:00Z, ", "", "a.yaml:11:8: 'from' is missing\n"},
	{"no topic", "topic: anpr.reads, ", "", "a.yaml:3:12: 'topic' is missing\n"},
	{"an id with a space", "TFL-MPS-1", "TFL MPS 1",
		"a.yaml:1:12: 'agreement' is not an id: 1 to 64 letters, digits, '.', '_', '-', a letter or "
		"digit first\n"},
	{"an id that climbs", "partner: tfl-ulez", "partner: ../x",
		"a.yaml:2:10: 'partner' is not an id: 1 to 64 letters, digits, '.', '_', '-', a letter or "
		"digit first\n"},
	{"an empty id", "partner: tfl-ulez", "partner:",
		"a.yaml:2:9: 'partner' is not an id: 1 to 64 letters, digits, '.', '_', '-', a letter or "
		"digit first\n"},
	{"a list for a value", "instrument: MD2977", "instrument: [MD2977]",
		"a.yaml:7:13: a single value is expected here\n"},
	{"a value for a list", "purposes: [serious-crime, counter-terrorism]", "purposes: serious-crime",
		"a.yaml:10:11: a list is expected here\na.yaml:10:11: 'purposes' needs at least one\n"},
	{"a value for a map", "controller: {name: Transport for London, contact: dpo@tfl.example}",
		"controller: Transport for London", "a.yaml:6:13: keys and values are expected here\n"},
	{"a control character", "MD2977", "\"MD\\x07\"",
		"a.yaml:7:13: 'instrument' is not a text of 1 to 1,000 bytes without control characters\n"},
	{"a zero inside", "MD2977", "\"MD\\0x\"",
		"a.yaml:7:13: 'instrument' is not a text of 1 to 1,000 bytes without control characters\n"},
	{"an empty text", "MD2977", "\"\"",
		"a.yaml:7:13: 'instrument' is not a text of 1 to 1,000 bytes without control characters\n"},
	{"any principal", "User:CN=police,O=mps", "User:*",
		"a.yaml:3:64: 'principals' is not a Kafka principal, such as \"User:CN=police,O=mps\"\n"},
	{"no kind of principal", "User:CN=verifier", "CN=verifier",
		"a.yaml:4:13: 'verifiers' is not a Kafka principal, such as \"User:CN=police,O=mps\"\n"},
	{"the recipient has no say", "[mps, tfl]", "[tfl, mopac]",
		"a.yaml:5:11: 'consents' must include the recipient's organisation\n"},
	{"a consent twice", "[mps, tfl]", "[mps, tfl, mps]", "a.yaml:5:22: 'consents' has this twice\n"},
	{"no documents",
		"[{title: DPIA, sha256: "
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]",
		"[]", "a.yaml:8:12: 'documents' needs 1 to 100 items\n"},
	{"a short hash", "9f86d081884c7d65", "",
		"a.yaml:8:35: 'sha256' is not a SHA-256 as 64 hexadecimal digits\n"},
	{"a day that is none", "2026-11-01T", "2026-11-31T",
		"a.yaml:11:15: 'from' is not a time with an offset, such as 2026-11-01T00:00:00Z\n"},
	{"a time without an offset", "23:59:59Z", "23:59:59",
		"a.yaml:11:44: 'until' is not a time with an offset, such as 2026-11-01T00:00:00Z\n"},
	{"a review on no day", "2027-05-01", "2027-13-01",
		"a.yaml:11:77: 'review_by' is not a date, such as 2027-05-01\n"},
	{"a review too late", "2027-05-01", "2028-05-01", "a.yaml:11:8: 'review_by' is not within 'valid'\n"},
	{"an end before the beginning", "until: 2027", "until: 2025",
		"a.yaml:11:8: 'valid' ends before it begins\na.yaml:11:8: 'review_by' is not within "
		"'valid'\n"},
	{"a duration without a unit", "keep_for: 365d", "keep_for: 365",
		"a.yaml:12:11: 'keep_for' is not a duration from 1h to 3660d, such as 24h\n"},
	{"a duration below zero", "max_age: 24h", "max_age: -1h",
		"a.yaml:22:41: 'max_age' is not a duration from 1s to 366d, such as 24h\n"},
	{"a duration beyond counting", "max_age: 24h", "max_age: 99999999999999999999d",
		"a.yaml:22:41: 'max_age' is not a duration from 1s to 366d, such as 24h\n"},
	{"a wide clock bound", "clock_bound: 2s", "clock_bound: 61m",
		"a.yaml:22:75: 'clock_bound' is not a duration from 0s to 1h, such as 24h\n"},
	{"a confidence in percent", "0.7", "70",
		"a.yaml:22:27: 'min_confidence' is not a number from 0 to 1\n"},
	{"a confidence that is none", "0.7", ".nan",
		"a.yaml:22:27: 'min_confidence' is not a number from 0 to 1\n"},
	{"a confidence in hexadecimal", "0.7", "0x0",
		"a.yaml:22:27: 'min_confidence' is not a number from 0 to 1\n"},
	{"a kind nobody knows", "kinds: [vrm]", "kinds: [vrm, face]",
		"a.yaml:13:14: 'kinds' has no such word\n"},
	{"no kinds", "kinds: [vrm]", "kinds: []", "a.yaml:13:8: 'kinds' needs at least one\n"},
	{"images without reads", "share: [read, overview]", "share: [overview]",
		"a.yaml:14:8: 'share' must include read: the other classes go with it\n"},
	{"a class twice", "share: [read, overview]", "share: [read, read]",
		"a.yaml:14:15: 'share' has this twice\n"},
	{"a field that cannot be dropped", "drop: [speed_kph, heading]", "drop: [vrm]",
		"a.yaml:15:8: 'drop' has no such word\n"},
	{"a field the limits look at", "drop: [speed_kph, heading]", "drop: [confidence]",
		"a.yaml:15:7: 'drop' cannot include confidence: 'min_confidence' looks at it\n"},
	{"a rule without a name", "name: inner-ring\n    cameras", "cameras",
		"a.yaml:17:5: 'name' is missing\n"},
	{"a rule about nothing", "    cameras: [\"ULEZ-0*\", \"ULEZ-10017\"]\n", "",
		"a.yaml:17:5: a rule needs 'cameras' or 'area'; [\"*\"] is all of them\n"},
	{"a rule about no cameras", "[\"ULEZ-0*\", \"ULEZ-10017\"]", "[]",
		"a.yaml:18:14: 'cameras' needs at least one\n"},
	{"two rules of one name", "south-nights", "inner-ring",
		"a.yaml:17:3: two rules are named 'inner-ring'\n"},
	{"a line for an area", "[[51.44,-0.20],[51.44,0.05],[51.50,0.05],[51.50,-0.20]]",
		"[[51.44,-0.20],[51.44,0.05]]", "a.yaml:20:11: 'area' needs 3 to 1000 corners\n"},
	{"a corner off the earth", "[[51.44,", "[[91,",
		"a.yaml:20:13: 'latitude' is not a number from -90 to 90\n"},
	{"a corner of three", "[[51.44,", "[[51.44,1,",
		"a.yaml:20:12: a corner of an area is [latitude, longitude]\n"},
	{"a zone nobody knows", "Europe/London", "Europe/Camelot",
		"a.yaml:21:19: 'zone' is not a time zone of the tz database, such as Europe/London\n"},
	{"a zone that climbs", "Europe/London", "../../../etc/passwd",
		"a.yaml:21:19: 'zone' is not a time zone of the tz database, such as Europe/London\n"},
	{"a zone that is a folder", "Europe/London", "Europe",
		"a.yaml:21:19: 'zone' is not a time zone of the tz database, such as Europe/London\n"},
	{"hours without a length", "to: \"06:00\"", "to: \"20:00\"",
		"a.yaml:21:12: 'from' and 'to' are the same; a whole day is 00:00 to 24:00\n"},
	{"an hour that is none", "20:00", "25:00",
		"a.yaml:21:69: 'from' is not a time of day from 00:00 to 24:00\n"},
	{"minutes that are none", "20:00", "20:60",
		"a.yaml:21:69: 'from' is not a time of day from 00:00 to 24:00\n"},
	{"a beginning at the end", "20:00", "24:00",
		"a.yaml:21:12: 'from' is not a time of day from 00:00 to 23:59\n"},
	{"a day that has no name", "[mon,", "[monday,", "a.yaml:21:41: 'days' has no such word\n"},
	{"several at once",
		"consents: [mps, tfl]\ncontroller: {name: Transport for London, contact: dpo@tfl.example}",
		"consent: [mps, tfl]\ncontroller: {name: \"\"}",
		"a.yaml:5:1: unknown key 'consent'\n"
		"a.yaml:6:20: 'name' is not a text of 1 to 1,000 bytes without control characters\n"
		"a.yaml:6:13: 'contact' is missing\n"
		"a.yaml:1:1: 'consents' is missing\n"},
};

START_TEST(test_what_is_wrong_is_told_with_its_place)
{
	char *text = changed(refused[_i].from, refused[_i].to);
	struct error e = {0};
	struct agreement *a = NULL;
	char *told;

	ck_assert_int_eq(agreement_parse(span_text(text), "a.yaml", &a, &e).kind, STATUS_BAD_INPUT);
	ck_assert_ptr_null(a);
	told = error_lines(&e);
	ck_assert_msg(strcmp(told, refused[_i].want) == 0, "%s:\ngot  %swant %s", refused[_i].name, told,
		refused[_i].want);
	free(told);
	free(text);
	error_free(&e);
}
END_TEST

START_TEST(test_nothing_and_garbage_are_refused)
{
	static const char *const texts[] = {"", "\n# nothing\n", "---\n", "[]", "hello", "\xff\xfe",
		"a: \xc3", "{", "\t- x", "? ? ? ?", "- - - - -", "\"", "a: 'b", "%YAML 9.9\n---\na: b"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct error e = {0};
		struct agreement *a = NULL;

		ck_assert_int_eq(
			agreement_parse(span_text(texts[i]), "a.yaml", &a, &e).kind, STATUS_BAD_INPUT);
		ck_assert_msg(e.n > 0, "%s", texts[i]);
		error_free(&e);
	}
}
END_TEST

START_TEST(test_every_beginning_of_a_good_text_is_read_or_refused)
{
	for (size_t n = 0; n < strlen(good); n++) {
		struct agreement *a = NULL;

		if (ok(agreement_parse(span_of(good, n), "a.yaml", &a, NULL)))
			agreement_release(a);
	}
}
END_TEST

START_TEST(test_everything_is_read)
{
	struct agreement *a = parsed(good);
	const struct rule *nights = &a->rules[1];

	ck_assert_str_eq(a->id, "TFL-MPS-1");
	ck_assert_str_eq(a->partner, "tfl-ulez");
	ck_assert_str_eq(a->recipient, "mps");
	ck_assert_str_eq(a->topic, "anpr.reads");
	ck_assert_uint_eq(a->n_principals, 1);
	ck_assert_str_eq(a->principals[0], "User:CN=police,O=mps");
	ck_assert_uint_eq(a->n_consents, 2);
	ck_assert_str_eq(a->consents[1], "tfl");
	ck_assert_uint_eq(a->n_purposes, 2);
	ck_assert_uint_eq(a->n_documents, 1);
	ck_assert_str_eq(CLOCK_TEXT(a->from), "2026-11-01T00:00:00.000Z");
	ck_assert_str_eq(CLOCK_TEXT(a->until), "2027-10-31T23:59:59.000Z");
	ck_assert_str_eq(CLOCK_TEXT(a->review_by), "2027-05-01T00:00:00.000Z");
	ck_assert_int_eq(a->keep_for_ms, INT64_C(365) * 24 * 3600 * 1000);
	ck_assert_uint_eq(a->kinds, 1u << READ_KIND_VRM);
	ck_assert_uint_eq(a->share, CLASS_READ | CLASS_OVERVIEW);
	ck_assert_uint_eq(a->drop, DROP_SPEED | DROP_HEADING);
	ck_assert_uint_eq(a->n_rules, 2);
	ck_assert_uint_eq(a->rules[0].n_cameras, 2);
	ck_assert(!a->rules[0].has_hours && nights->has_hours);
	ck_assert_uint_eq(nights->n_area, 4);
	ck_assert(nights->area[1].lon == 0.05);
	ck_assert_uint_eq(nights->days, 0x1F);
	ck_assert_int_eq(nights->from_minute, 1200);
	ck_assert_int_eq(nights->to_minute, 360);
	ck_assert_str_eq(zone_name(nights->local), "Europe/London");
	ck_assert(a->min_confidence == 0.7);
	ck_assert_int_eq(a->max_age_ms, 86400000);
	ck_assert_int_eq(a->max_future_ms, 5000);
	ck_assert_int_eq(a->clock_bound_ms, 2000);
	agreement_release(a);
}
END_TEST

START_TEST(test_what_is_left_out_takes_the_narrow_default)
{
	char *text = changed("kinds: [vrm]\nshare: [read, overview]\ndrop: [speed_kph, heading]\n", "");
	struct agreement *a;

	*strstr(text, "quality:") = 0;
	a = parsed(text);
	ck_assert_uint_eq(a->kinds, 1u << READ_KIND_VRM);
	ck_assert_uint_eq(a->share, CLASS_READ);
	ck_assert_uint_eq(a->drop, 0);
	ck_assert(a->min_confidence == 0);
	ck_assert_int_eq(a->max_age_ms, 86400000);
	ck_assert_int_eq(a->max_future_ms, 5000);
	ck_assert_int_eq(a->clock_bound_ms, 2000);
	agreement_release(a);
	free(text);
}
END_TEST

START_TEST(test_a_folded_text_becomes_one_line)
{
	char *text = changed("Cameras do not cover the zone.", "|\n  Cameras do \"not\"\n  cover \\ it.\n");
	struct agreement *a = parsed(text);

	ck_assert_str_eq(a->necessity, "Cameras do \"not\" cover \\ it.");
	agreement_release(a);
	free(text);
}
END_TEST

static char *printed(const struct agreement *a)
{
	struct buffer b = {0};
	char *text;

	ck_assert(ok(agreement_print(a, &b)));
	text = strdup(buffer_text(&b));
	buffer_free(&b);
	return text;
}

START_TEST(test_the_canonical_form_is_as_kept)
{
	struct buffer kept CLEANUP(buffer_free) = {0};
	struct agreement *a = parsed(good);
	char *text = printed(a);

	ck_assert(ok(file_read("tests/unit/golden/agreement.yaml", 1 << 20, &kept, NULL)));
	ck_assert_str_eq(text, buffer_text(&kept));
	free(text);
	agreement_release(a);
}
END_TEST

START_TEST(test_the_canonical_form_parses_to_itself)
{
	static const char *const changes[][2] = {
		{"", ""},
		{"MD2977", "\"quotes \\\" and \\\\ and caf\\xe9 and \\U0001F697\""},
		{"MD2977", "'yes: [no] #'"},
		{"kinds: [vrm]\n", ""},
		{"share: [read, overview]\n", ""},
		{"verifiers: [\"User:CN=verifier,O=ico\"]\n", ""},
		{"keep_for: 365d", "keep_for: 8760h"},
		{"max_age: 24h", "max_age: 1500ms"},
		{"max_future: 5s", "max_future: 0s"},
		{"0.7", "0.30000000000000004"},
		{"51.44,-0.20", "51.4400000001,-1e-7"},
		{"to: \"06:00\"", "to: \"24:00\""},
		{", review_by: 2027-05-01", ""},
		{"2026-11-01T00:00:00Z", "2026-11-01T01:30:00.125+01:30"},
		{"[\"ULEZ-0*\", \"ULEZ-10017\"]", "[\"?*[x]\", \"a b\"]"},
	};

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		char *text = changed(changes[i][0], changes[i][1]);
		struct agreement *a = parsed(text), *again;
		char *once = printed(a), *twice;

		again = parsed(once);
		twice = printed(again);
		ck_assert_str_eq(once, twice);
		ck_assert_str_eq(a->instrument, again->instrument);
		ck_assert(a->min_confidence == again->min_confidence);
		ck_assert_int_eq(a->from.v, again->from.v);
		ck_assert_int_eq(a->max_age_ms, again->max_age_ms);
		ck_assert(a->rules[1].area[0].lon == again->rules[1].area[0].lon);
		free(once);
		free(twice);
		free(text);
		agreement_release(a);
		agreement_release(again);
	}
}
END_TEST

Suite *suite_text_agreement(void)
{
	Suite *suite = suite_create("text_agreement");
	TCase *tests = tcase_create("agreement");

	tcase_add_loop_test(tests, test_what_is_wrong_is_told_with_its_place, 0,
		(int)(sizeof refused / sizeof refused[0]));
	tcase_add_test(tests, test_nothing_and_garbage_are_refused);
	tcase_add_test(tests, test_every_beginning_of_a_good_text_is_read_or_refused);
	tcase_add_test(tests, test_everything_is_read);
	tcase_add_test(tests, test_what_is_left_out_takes_the_narrow_default);
	tcase_add_test(tests, test_a_folded_text_becomes_one_line);
	tcase_add_test(tests, test_the_canonical_form_is_as_kept);
	tcase_add_test(tests, test_the_canonical_form_parses_to_itself);
	suite_add_tcase(suite, tests);
	return suite;
}

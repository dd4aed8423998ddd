/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies in deploy/examples is read by the real parsers, so that it cannot rot.
 */
#include "gateway/base/file.h"
#include "gateway/text/text.h"
#include "tests/unit/test_text.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDER "deploy/examples/"

static struct buffer text_of(const char *path)
{
	struct buffer b = {0};
	struct error e = {0};

	ck_assert_msg(ok(file_read(path, 1 << 20, &b, &e)), "%s", error_text(&e));
	error_free(&e);
	return b;
}

static struct agreement *agreement_of(const char *path)
{
	struct buffer b CLEANUP(buffer_free) = text_of(path);
	struct error e = {0};
	struct agreement *a = NULL;

	ck_assert_msg(ok(agreement_parse(buffer_span(&b), path, &a, &e)), "%s", error_text(&e));
	error_free(&e);
	return a;
}

static struct camera_register *register_of(const char *path)
{
	struct buffer b CLEANUP(buffer_free) = text_of(path);
	struct error e = {0};
	struct camera_register *r = NULL;

	ck_assert_msg(ok(register_parse(buffer_span(&b), path, &r, &e)), "%s", error_text(&e));
	error_free(&e);
	return r;
}

static const struct {
	const char *agreement, *cameras;
	size_t registered, covered;
	const char *inside, *outside;
	const char *documents[3];
} examples[] = {
	{FOLDER "tfl-mps.yaml", FOLDER "tfl-register.csv", 60, 52, "ULEZ-00001", "ULEZ-00060",
		{FOLDER "documents/dpia-tfl-mps.txt", FOLDER "documents/self-assessment-tfl-mps.txt"}},
	{FOLDER "nh-mps.yaml", FOLDER "nh-register.csv", 60, 12, "NH-0005", "NH-0001",
		{FOLDER "documents/dpia-nh-mps.txt", FOLDER "documents/letter-nh-mps.txt"}},
};
#define EXAMPLES (int)(sizeof examples / sizeof examples[0])

START_TEST(test_an_example_covers_what_it_says)
{
	struct agreement *a = agreement_of(examples[_i].agreement);
	struct camera_register *r = register_of(examples[_i].cameras);
	struct schedule *s = NULL;
	bool inside = false, outside = false;

	ck_assert(ok(schedule_resolve(a, r, &s)));
	ck_assert_uint_eq(r->n, examples[_i].registered);
	ck_assert_uint_eq(schedule_cameras(s), examples[_i].covered);
	for (size_t rule = 0; rule < a->n_rules; rule++) {
		inside |= schedule_covers(s, rule, span_text(examples[_i].inside));
		outside |= schedule_covers(s, rule, span_text(examples[_i].outside));
	}
	ck_assert(inside);
	ck_assert(!outside);
	schedule_release(s);
	register_release(r);
	agreement_release(a);
}
END_TEST

START_TEST(test_an_example_names_its_documents_as_they_are)
{
	struct agreement *a = agreement_of(examples[_i].agreement);

	for (size_t i = 0; examples[_i].documents[i]; i++) {
		struct buffer b CLEANUP(buffer_free) = text_of(examples[_i].documents[i]);
		struct digest sha256 = digest_of(buffer_span(&b));

		ck_assert_uint_lt(i, a->n_documents);
		ck_assert_msg(
			digest_equal(&sha256, &a->documents[i].sha256), "%s", examples[_i].documents[i]);
	}
	agreement_release(a);
}
END_TEST

Suite *suite_text_examples(void)
{
	Suite *suite = suite_create("text_examples");
	TCase *tests = tcase_create("examples");

	tcase_add_loop_test(tests, test_an_example_covers_what_it_says, 0, EXAMPLES);
	tcase_add_loop_test(tests, test_an_example_names_its_documents_as_they_are, 0, EXAMPLES);
	suite_add_tcase(suite, tests);
	return suite;
}

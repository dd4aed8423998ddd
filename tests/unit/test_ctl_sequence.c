/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule for checking that nothing is missing, as `anprctl tail` applies it.
 */
#include "gateway/ctl/sequence.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct step {
	const char *topic;
	int32_t partition;
	const char *partner;
	uint64_t number;
	bool good;
};

struct row {
	const char *name;
	struct step steps[6];
	const char *said; /* in the words of the fault */
	bool whole;
};

static const struct row rows[] = {
	{"from the start", {{"t", 0, "a", 1, true}, {"t", 0, "a", 2, true}, {"t", 0, "a", 3, true}}, NULL,
		true},
	{"from anywhere", {{"t", 0, "a", 77, true}, {"t", 0, "a", 78, true}}, NULL, true},
	{"nothing at all", {{0}}, NULL, true},
	{"partitions count apart", {{"t", 0, "a", 5, true}, {"t", 1, "a", 9, true}, {"t", 0, "a", 6, true}},
		NULL, true},
	{"partners count apart", {{"t", 0, "a", 5, true}, {"t", 0, "b", 9, true}, {"t", 0, "a", 6, true}},
		NULL, true},
	{"topics count apart", {{"t", 0, "a", 5, true}, {"u", 0, "a", 9, true}, {"t", 0, "a", 6, true}}, NULL,
		true},
	{"a name that begins alike",
		{{"t", 0, "a", 5, true}, {"t", 0, "ab", 9, true}, {"t", 0, "a", 6, true}}, NULL, true},
	{"one missing", {{"t", 0, "a", 1, true}, {"t", 0, "a", 3, false}, {"t", 0, "a", 4, true}},
		"numbers 2 to 2", false},
	{"many missing", {{"t", 3, "a", 1, true}, {"t", 3, "a", 100, false}},
		"98 reads of a, numbers 2 to 99", false},
	{"the same again", {{"t", 0, "a", 7, true}, {"t", 0, "a", 7, false}}, "number 7 of a came again",
		false},
	{"backwards", {{"t", 0, "a", 7, true}, {"t", 0, "a", 5, false}}, "number 5 of a came again", false},
	{"no number", {{"t", 0, "a", 0, false}}, "without its partner or number", false},
	{"no partner", {{"t", 0, "", 1, false}}, "without its partner or number", false},
	{"the last number there is", {{"t", 0, "a", UINT64_MAX, true}, {"t", 0, "a", 1, true}}, NULL, true},
};

START_TEST(follows)
{
	const struct row *r = &rows[_i];
	struct sequences *s = sequences_new();
	char words[256] = "", sum[256];

	for (const struct step *step = r->steps; step->topic; step++) {
		struct shared_read read = {
			.partner_id = span_text(step->partner), .partition_sequence = step->number};
		ck_assert_msg(sequences_take(s, step->topic, step->partition, &read, words, sizeof words) ==
				      step->good,
			"%s: number %llu", r->name, (unsigned long long)step->number);
	}
	if (r->said)
		ck_assert_msg(strstr(words, r->said) != NULL, "%s: said '%s'", r->name, words);
	ck_assert_msg(sequences_sum(s, sum, sizeof sum) == r->whole, "%s: %s", r->name, sum);
	sequences_free(s);
}
END_TEST

START_TEST(many_partners)
{
	struct sequences *s = sequences_new();
	char words[256], partner[16];

	for (uint64_t number = 1; number <= 3; number++)
		for (int i = 0; i < 300; i++) {
			struct shared_read read = {
				.partner_id =
					span_of(partner, (size_t)snprintf(partner, sizeof partner, "p%d", i)),
				.partition_sequence = number};
			ck_assert(sequences_take(s, "t", i % 7, &read, words, sizeof words));
		}
	ck_assert(sequences_sum(s, words, sizeof words));
	ck_assert_ptr_nonnull(strstr(words, "900 reads in 300 "));
	sequences_free(s);
}
END_TEST

START_TEST(spoilt)
{
	struct sequences *s = sequences_new();
	char words[256];

	sequences_spoil(s);
	ck_assert(!sequences_sum(s, words, sizeof words));
	sequences_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ctl");
	TCase *c = tcase_create("sequence");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(c, follows, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(c, many_partners);
	tcase_add_test(c, spoilt);
	suite_add_tcase(suite, c);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

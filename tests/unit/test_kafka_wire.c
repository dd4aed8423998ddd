/* SPDX-License-Identifier: Apache-2.0
 *
 * The request that is made by hand: its bytes, and answers of every kind.
 */
#include "tests/unit/test_kafka.h"

#include "gateway/kafka/acl_wire.h"

/* Bytes that were made, which are freed. */
static void is_same(struct buffer *got, const uint8_t *want, size_t n)
{
	ck_assert_uint_eq(got->n, n);
	ck_assert_mem_eq(got->p, want, n);
	buffer_free(got);
}

struct answer {
	const char *name;
	const char *bytes;
	size_t n;
	enum status_kind want;
};
#define BYTES(text) text, sizeof(text) - 1

static void is_taken(const struct answer *a, struct status (*decode)(struct span answer, struct error *e))
{
	struct error e = {0};
	struct status status = decode(span_of(a->bytes, a->n), &e);

	ck_assert_msg(status.kind == a->want, "%s: %d", a->name, status.kind);
	ck_assert((status.kind == STATUS_OK) == (e.n == 0));
	error_free(&e);
}

START_TEST(encodes)
{
	/* As Kafka's protocol guide has it, written out: length, key 30, version 1, correlation 1, client
	 * "anpr", one right: transactional id, "anpr-", prefixed, "User:CN=g", "*", operation 4 (write),
	 * allowed. */
	static const uint8_t want[] = {0, 0, 0, 43, 0, 30, 0, 1, 0, 0, 0, 1, 0, 4, 'a', 'n', 'p', 'r', 0, 0,
		0, 1, 5, 0, 5, 'a', 'n', 'p', 'r', '-', 4, 0, 9, 'U', 's', 'e', 'r', ':', 'C', 'N', '=', 'g',
		0, 1, '*', 4, 3};
	struct acl acl = {RESOURCE_TRANSACTIONAL_ID, "anpr-", true, "User:CN=g", "WRITE", "*", false};
	struct buffer got = {0};

	ck_assert(ok(acl_wire_encode(&acl, 4, &got)));
	is_same(&got, want, sizeof want);
}
END_TEST

static const struct answer answers[] = {
	{"given", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\0\0\xff\xff"), STATUS_OK},
	{"given, with an empty text", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0"), STATUS_OK},
	{"refused", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\0\x1f\0\2no"), STATUS_REFUSED},
	{"refused, no text", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\0\x1f\xff\xff"), STATUS_REFUSED},
	{"unknown error -1", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\xff\xff\xff\xff"), STATUS_REFUSED},
	{"empty", BYTES(""), STATUS_BAD_INPUT},
	{"cut in the number", BYTES("\0\0\0\1\0\0\0\0\0\0"), STATUS_BAD_INPUT},
	{"cut in the text", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\0\x1f\0\3no"), STATUS_BAD_INPUT},
	{"a text longer than everything", BYTES("\0\0\0\1\0\0\0\0\0\0\0\1\0\x1f\x7f\xff"), STATUS_BAD_INPUT},
	{"another request's", BYTES("\0\0\0\2\0\0\0\0\0\0\0\1\0\0\xff\xff"), STATUS_BAD_INPUT},
	{"no result", BYTES("\0\0\0\1\0\0\0\0\0\0\0\0\0\0\xff\xff"), STATUS_BAD_INPUT},
	{"two results", BYTES("\0\0\0\1\0\0\0\0\0\0\0\2\0\0\xff\xff\0\0\xff\xff"), STATUS_BAD_INPUT},
	{"null results", BYTES("\0\0\0\1\0\0\0\0\xff\xff\xff\xff\0\0\xff\xff"), STATUS_BAD_INPUT},
};

START_TEST(encodes_look)
{
	/* Key 29, version 1, correlation 1, client "anpr"; any (1) of each, no names (-1). */
	static const uint8_t want[] = {0, 0, 0, 24, 0, 29, 0, 1, 0, 0, 0, 1, 0, 4, 'a', 'n', 'p', 'r', 1, 255,
		255, 1, 255, 255, 255, 255, 1, 1};
	struct buffer got = {0};

	ck_assert(ok(acl_wire_encode_look(&got)));
	is_same(&got, want, sizeof want);
}
END_TEST

static const struct answer looks[] = {
	{"none there", BYTES("\0\0\0\1\0\0\0\0\0\0\xff\xff\0\0\0\0"), STATUS_OK},
	{"some there", BYTES("\0\0\0\1\0\0\0\0\0\0\xff\xff\0\0\0\1\2"), STATUS_OK},
	{"refused", BYTES("\0\0\0\1\0\0\0\0\0\x1f\0\2no\0\0\0\0"), STATUS_REFUSED},
	{"refused, no text", BYTES("\0\0\0\1\0\0\0\0\0\x1f\xff\xff\0\0\0\0"), STATUS_REFUSED},
	{"no authorizer", BYTES("\0\0\0\1\0\0\0\0\0\x36\xff\xff\0\0\0\0"), STATUS_REFUSED},
	{"empty", BYTES(""), STATUS_BAD_INPUT},
	{"cut in the head", BYTES("\0\0\0\1\0\0"), STATUS_BAD_INPUT},
	{"cut in the code", BYTES("\0\0\0\1\0\0\0\0\0"), STATUS_BAD_INPUT},
	{"cut in the text", BYTES("\0\0\0\1\0\0\0\0\0\x1f\0\3no"), STATUS_BAD_INPUT},
	{"another request's", BYTES("\0\0\0\2\0\0\0\0\0\0\xff\xff\0\0\0\0"), STATUS_BAD_INPUT},
};

START_TEST(decodes_look)
{
	is_taken(&looks[_i], acl_wire_decode_look);
}
END_TEST

START_TEST(decodes)
{
	is_taken(&answers[_i], acl_wire_decode);
}
END_TEST

START_TEST(nobody_there)
{
	struct acl acl = {RESOURCE_TRANSACTIONAL_ID, "anpr-", true, "User:CN=g", "WRITE", "*", false};
	struct kafka_config config = {.brokers = "127.0.0.1:1"};
	struct error e = {0};

	ck_assert(!ok(acl_wire_create(&config, &acl, 4, 200, &e)));
	ck_assert_uint_gt(e.n, 0);
	error_free(&e);
}
END_TEST

TCase *case_wire(void)
{
	TCase *tests = tcase_create("wire");

	tcase_add_test(tests, encodes);
	tcase_add_loop_test(tests, decodes, 0, ROWS(answers));
	tcase_add_test(tests, encodes_look);
	tcase_add_loop_test(tests, decodes_look, 0, ROWS(looks));
	tcase_add_test(tests, nobody_there);
	return tests;
}

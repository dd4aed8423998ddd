/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches and shared reads to bytes and back, and what hostile bytes do.
 */
#include "tests/unit/test_proto.h"

#include <stdlib.h>

static void same_read(const struct read *a, const struct read *b)
{
	ck_assert(span_equal(a->read_id, b->read_id) && span_equal(a->camera_id, b->camera_id));
	ck_assert(span_equal(a->vrm, b->vrm) && span_equal(a->tag, b->tag) &&
		  span_equal(a->country, b->country));
	ck_assert(span_equal(a->plate_patch, b->plate_patch) && span_equal(a->overview, b->overview));
	ck_assert_int_eq(a->captured_at.v, b->captured_at.v);
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_int_eq(a->direction, b->direction);
	ck_assert_uint_eq(a->has, b->has);
	ck_assert_uint_eq(a->lane, b->lane);
	ck_assert(a->lat == b->lat && a->lon == b->lon && a->heading == b->heading);
	ck_assert(a->speed_kph == b->speed_kph && a->confidence == b->confidence);
}

START_TEST(a_batch_there_and_back)
{
	struct read reads[3] = {good_read(), good_read(), good_read()};
	struct read_batch in = {.epoch = 7, .reads = reads, .n = 3, .cursor = span_text("c-9")}, out;
	struct arena arena = {0};
	struct buffer bytes = {0};

	reads[1].kind = READ_KIND_NO_PLATE;
	reads[1].vrm = reads[1].plate_patch = span_text("");
	reads[1].has = 0;
	reads[2].kind = READ_KIND_HASHED_TAG;
	reads[2].vrm = span_text("");
	reads[2].tag = span_text("4711");
	in.rejected[REJECTION_NOT_JSON] = 4;
	in.rejected[REJECTION_BAD_IMAGE] = 1;
	ck_assert(ok(read_batch_encode(&in, &bytes)));
	ck_assert(ok(read_batch_decode(buffer_span(&bytes), &arena, &out)));
	ck_assert_uint_eq(out.epoch, 7);
	ck_assert_uint_eq(out.n, 3);
	ck_assert(span_is(out.cursor, "c-9"));
	ck_assert_mem_eq(in.rejected, out.rejected, sizeof in.rejected);
	same_read(&out.reads[0], &reads[0]);
	same_read(&out.reads[2], &reads[2]);
	ck_assert(span_is(out.reads[0].cursor, "c-000000000001"));
	ck_assert_int_eq(out.reads[1].kind, READ_KIND_NO_PLATE);
	ck_assert_uint_eq(out.reads[1].has, 0);
	arena_free(&arena);
	buffer_free(&bytes);
}
END_TEST

/* Encoded in two goes, as a source does. */
START_TEST(stamps_without_an_offset_are_told)
{
	struct read reads[4] = {good_read(), good_read(), good_read(), good_read()};
	struct read_batch first = {.reads = reads, .n = 3},
			  second = {.reads = reads + 3, .n = 1, .before = 3}, out;
	struct arena arena = {0};
	struct buffer bytes = {0};

	reads[1].local = reads[3].local = true;
	ck_assert(ok(read_batch_encode(&first, &bytes)));
	ck_assert(ok(read_batch_encode(&second, &bytes)));
	ck_assert(ok(read_batch_decode(buffer_span(&bytes), &arena, &out)));
	ck_assert_uint_eq(out.n, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(out.reads[i].local, reads[i].local);
	arena_free(&arena);
	buffer_free(&bytes);
}
END_TEST

/* One that falls out does not pass its stamp on to the next. */
START_TEST(a_bad_read_keeps_its_stamp_to_itself)
{
	struct read reads[2] = {good_read(), good_read()};
	struct read_batch in = {.reads = reads, .n = 2}, out;
	struct arena arena = {0};
	struct buffer bytes = {0};

	reads[0].local = true;
	reads[0].camera_id = span_text("a/b");
	ck_assert(ok(read_batch_encode(&in, &bytes)));
	ck_assert(ok(read_batch_decode(buffer_span(&bytes), &arena, &out)));
	ck_assert_uint_eq(out.n, 1);
	ck_assert(!out.reads[0].local);
	arena_free(&arena);
	buffer_free(&bytes);
}
END_TEST

START_TEST(an_empty_batch)
{
	struct read_batch in = {.epoch = 1}, out;
	struct arena arena = {0};
	struct buffer bytes = {0};

	ck_assert(ok(read_batch_encode(&in, &bytes)));
	ck_assert(ok(read_batch_decode(buffer_span(&bytes), &arena, &out)));
	ck_assert_uint_eq(out.n, 0);
	ck_assert_uint_eq(out.cursor.n, 0);
	arena_free(&arena);
	buffer_free(&bytes);
}
END_TEST

/* A source that sends what no source of ours would: the bad ones fall out and are counted, the others stay.
 */
START_TEST(bad_reads_fall_out)
{
	struct read reads[4] = {good_read(), good_read(), good_read(), good_read()};
	struct read_batch in = {.epoch = 1, .reads = reads, .n = 4}, out;
	struct arena arena = {0};
	struct buffer bytes = {0};

	reads[0].camera_id = span_text("other/camera");
	reads[2].tag = span_text("tag beside a vrm");
	reads[3].cursor = span_text("");
	in.rejected[REJECTION_BAD_KIND] = 2;
	ck_assert(ok(read_batch_encode(&in, &bytes)));
	ck_assert(ok(read_batch_decode(buffer_span(&bytes), &arena, &out)));
	ck_assert_uint_eq(out.n, 1);
	same_read(&out.reads[0], &reads[1]);
	ck_assert_uint_eq(out.rejected[REJECTION_BAD_FIELD], 1);
	ck_assert_uint_eq(out.rejected[REJECTION_BAD_KIND], 3);
	ck_assert_uint_eq(out.rejected[REJECTION_MISSING_FIELD], 1);
	arena_free(&arena);
	buffer_free(&bytes);
}
END_TEST

static const struct bytes_row {
	const char *name;
	struct span bytes;
	enum status_kind want;
} bytes_rows[] = {
#define BYTES(text)                                                                                          \
	{                                                                                                    \
		(const uint8_t *)(text), sizeof(text) - 1                                                    \
	}
	{"nothing at all is an empty batch", BYTES(""), STATUS_OK},
	{"text", BYTES("GET / HTTP/1.1\r\n\r\n"), STATUS_BAD_INPUT},
	{"a length beyond the end", BYTES("\x12\x7f"), STATUS_BAD_INPUT},
	{"a length beyond everything", BYTES("\x12\xff\xff\xff\xff\x0f"), STATUS_BAD_INPUT},
	{"an endless number", BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), STATUS_BAD_INPUT},
	{"field number 0", BYTES("\x02\x00"), STATUS_BAD_INPUT},
	{"unknown reason of rejection", BYTES("\x1a\x04\x08\x63\x10\x01"), STATUS_BAD_INPUT},
	{"a count that would wrap", BYTES("\x1a\x0c\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
		STATUS_BAD_INPUT},
	{"a negative reason", BYTES("\x1a\x0d\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01"),
		STATUS_BAD_INPUT},
	{"a cursor with a newline", BYTES("\x22\x02\x63\x0a"), STATUS_BAD_INPUT},
	{"a cursor that is not UTF-8", BYTES("\x22\x02\x63\xff"), STATUS_BAD_INPUT},
	{"a local stamp of no read", BYTES("\x2a\x01\x00"), STATUS_BAD_INPUT},
	{"local stamps out of order", BYTES("\x12\x00\x12\x00\x2a\x02\x01\x00"), STATUS_BAD_INPUT},
	{"a local stamp twice", BYTES("\x12\x00\x12\x00\x2a\x02\x00\x00"), STATUS_BAD_INPUT},
	{"a local stamp beyond the reads", BYTES("\x12\x00\x2a\x05\xff\xff\xff\xff\x0f"), STATUS_BAD_INPUT},
	{"an empty read is only counted", BYTES("\x12\x00"), STATUS_OK},
	{"an unknown field is ignored", BYTES("\x78\x01"), STATUS_OK},
};

START_TEST(bytes_of_anything)
{
	const struct bytes_row *row = &bytes_rows[_i];
	struct arena arena = {0};
	struct read_batch out;
	struct status s = read_batch_decode(row->bytes, &arena, &out);

	ck_assert_msg(s.kind == row->want, "%s: %d", row->name, s.kind);
	if (ok(s))
		ck_assert_uint_eq(out.n, 0);
	arena_free(&arena);
}
END_TEST

/* Two bytes of message cost hundreds of memory: the arena's cap decides, not the sender. */
START_TEST(memory_is_capped)
{
	struct arena arena = {.max = 1 << 20};
	struct read_batch out;
	uint8_t *bytes = calloc(1, 1 << 20);

	for (size_t i = 0; i < 1 << 20; i += 2)
		bytes[i] = 0x12;
	ck_assert_int_eq(read_batch_decode(span_of(bytes, 1 << 20), &arena, &out).kind, STATUS_BAD_INPUT);
	ck_assert_uint_le(arena.used, 1 << 20);
	arena_free(&arena);
	free(bytes);
}
END_TEST

START_TEST(a_cursor_too_long_is_not_cut)
{
	uint8_t cursor[READ_CURSOR_MAX + 1] = {0};
	struct read_batch in = {.cursor = span_of(cursor, sizeof cursor)};
	struct buffer bytes = {0};

	memset(cursor, 'c', sizeof cursor);
	ck_assert_int_eq(read_batch_encode(&in, &bytes).kind, STATUS_BAD_INPUT);
	in.cursor.n--;
	ck_assert(ok(read_batch_encode(&in, &bytes)));
	buffer_free(&bytes);
}
END_TEST

static struct shared_read good_shared(void)
{
	static const char *const purposes[] = {"serious-crime", "counter-terrorism"};

	return (struct shared_read){
		.read = good_read(),
		.partner_id = span_text("tfl-ulez"),
		.agreement_id = span_text("TFL-MPS-2026-01"),
		.vrm_normalised = span_text("AB12CDE"),
		.camera_name = span_text("Vauxhall Bridge Road northbound"),
		.camera_area = span_text("Westminster"),
		.policy_version = 42,
		.sequence = UINT64_MAX,
		.partition_sequence = 3,
		.purposes = purposes,
		.n_purposes = 2,
		.keep_until = {1793534400000 + 365 * INT64_C(86400000)},
		.received_at = {1793534400100},
		.published_at = {1793534400200},
		.quality = 1u << 1 | 1u << 5,
	};
}

START_TEST(a_shared_read_there_and_back)
{
	struct shared_read in = good_shared(), out;
	struct arena arena = {0};
	struct buffer bytes = {0};

	ck_assert(ok(buffer_append_text(&bytes, "before")));
	ck_assert(ok(shared_read_encode(&in, &bytes)));
	ck_assert_mem_eq(bytes.p, "before", 6);
	ck_assert(ok(shared_read_decode(span_of(bytes.p + 6, bytes.n - 6), &arena, &out)));
	same_read(&out.read, &in.read);
	ck_assert_uint_eq(out.read.cursor.n, 0); /* the partner's own affair */
	ck_assert(span_equal(out.partner_id, in.partner_id) && span_equal(out.agreement_id, in.agreement_id));
	ck_assert(span_equal(out.vrm_normalised, in.vrm_normalised));
	ck_assert(span_equal(out.camera_name, in.camera_name) && span_equal(out.camera_area, in.camera_area));
	ck_assert_uint_eq(out.policy_version, 42);
	ck_assert_uint_eq(out.sequence, UINT64_MAX);
	ck_assert_uint_eq(out.partition_sequence, 3);
	ck_assert_uint_eq(out.n_purposes, 2);
	ck_assert_str_eq(out.purposes[1], "counter-terrorism");
	ck_assert_int_eq(out.keep_until.v, in.keep_until.v);
	ck_assert_int_eq(out.received_at.v, in.received_at.v);
	ck_assert_int_eq(out.published_at.v, in.published_at.v);
	ck_assert_uint_eq(out.quality, in.quality);
	arena_free(&arena);
	buffer_free(&bytes);
}
END_TEST

/* What encodes without memory of its own must say so when a text is beyond all measure, not cut it. */
START_TEST(an_endless_name_is_refused)
{
	static uint8_t name[8192];
	struct shared_read in = good_shared();
	struct buffer bytes = {0};

	memset(name, 'n', sizeof name);
	in.camera_name = span_of(name, sizeof name);
	ck_assert_int_eq(shared_read_encode(&in, &bytes).kind, STATUS_BAD_INPUT);
	ck_assert_uint_eq(bytes.n, 0);
	buffer_free(&bytes);
}
END_TEST

START_TEST(shared_reads_that_are_none)
{
	struct shared_read in = good_shared(), out;
	struct arena arena = {0};
	struct buffer bytes = {0};

	ck_assert_int_eq(shared_read_decode(span_text(""), &arena, &out).kind, STATUS_BAD_INPUT);
	in.camera_name = span_text("clear\x1b[2Jscreen");
	ck_assert(ok(shared_read_encode(&in, &bytes)));
	ck_assert_int_eq(shared_read_decode(buffer_span(&bytes), &arena, &out).kind, STATUS_BAD_INPUT);
	bytes.n = 0;
	in = good_shared();
	in.read.kind = (enum read_kind)9;
	ck_assert(ok(shared_read_encode(&in, &bytes)));
	ck_assert_int_eq(shared_read_decode(buffer_span(&bytes), &arena, &out).kind, STATUS_BAD_INPUT);
	arena_free(&arena);
	buffer_free(&bytes);
}
END_TEST

static TCase *case_batch(void)
{
	TCase *c = tcase_create("batch");

	tcase_add_test(c, a_batch_there_and_back);
	tcase_add_test(c, stamps_without_an_offset_are_told);
	tcase_add_test(c, a_bad_read_keeps_its_stamp_to_itself);
	tcase_add_test(c, an_empty_batch);
	tcase_add_test(c, bad_reads_fall_out);
	tcase_add_loop_test(c, bytes_of_anything, 0, ROWS(bytes_rows));
	tcase_add_test(c, memory_is_capped);
	tcase_add_test(c, a_cursor_too_long_is_not_cut);
	return c;
}

static TCase *case_shared(void)
{
	TCase *c = tcase_create("shared read");

	tcase_add_test(c, a_shared_read_there_and_back);
	tcase_add_test(c, an_endless_name_is_refused);
	tcase_add_test(c, shared_reads_that_are_none);
	return c;
}

int main(void)
{
	Suite *suite = suite_create("proto");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, case_read());
	suite_add_tcase(suite, case_batch());
	suite_add_tcase(suite, case_shared());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

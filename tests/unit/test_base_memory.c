/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers and arenas: what they hold, what they refuse, and that nothing of it is left in memory given back.
 */
#include "gateway/base/arena.h"
#include "gateway/base/buffer.h"
#include "tests/unit/test_base.h"

#include <malloc.h>
#include <stdalign.h>
#include <stdlib.h>

#define MARK "a mark that is personal"

/* Every free of the program comes through here (base.cmake). */
void __real_free(void *p);
void __wrap_free(void *p);

static volatile bool leaked; /* volatile: to the compiler, free() touches nothing of ours */

void __wrap_free(void *p)
{
	if (p && memmem(p, malloc_usable_size(p), MARK, strlen(MARK)))
		leaked = true;
	__real_free(p);
}

/* --- buffer --- */

START_TEST(buffer_holds_what_was_put_in)
{
	struct buffer b = {0};

	ck_assert_str_eq(buffer_text(&b), "");
	ck_assert(ok(buffer_append_text(&b, NULL)));
	ck_assert(ok(buffer_append(&b, span_of("a\0b", 3))));
	ck_assert(ok(buffer_format(&b, "%s%d", "", -5)));
	ck_assert(ok(buffer_format(&b, "%s", "")));
	ck_assert(ok(buffer_append(&b, span_of(NULL, 0))));
	ck_assert(span_equal(buffer_span(&b), span_of("a\0b-5", 5)));
	buffer_consume(&b, 0);
	buffer_consume(&b, 2);
	ck_assert_str_eq(buffer_text(&b), "b-5");
	buffer_consume(&b, 3);
	ck_assert_str_eq(buffer_text(&b), "");
	buffer_free(&b);
	ck_assert_ptr_null(b.p);
	ck_assert(ok(buffer_append_text(&b, "again")));
	ck_assert_str_eq(buffer_text(&b), "again");
	buffer_free(&b);
	buffer_free(&b);
}
END_TEST

/* Byte by byte, so that every size is a boundary once; longer than the first allocation by far. */
START_TEST(buffer_grows)
{
	struct buffer b = {0};

	for (unsigned i = 0; i < 5000; i++) {
		uint8_t byte = (uint8_t)(i * 7);

		ck_assert(ok(buffer_append(&b, span_of(&byte, 1))));
	}
	ck_assert_uint_eq(b.n, 5000);
	for (unsigned i = 0; i < 5000; i++)
		ck_assert_uint_eq(b.p[i], (uint8_t)(i * 7));
	buffer_free(&b);
}
END_TEST

static const struct cap_row {
	size_t max, held, more;
	enum status_kind want;
} cap_rows[] = {
	{10, 0, 10, STATUS_OK},
	{10, 0, 11, STATUS_OVERLOAD},
	{10, 4, 6, STATUS_OK},
	{10, 4, 7, STATUS_OVERLOAD},
	{10, 10, 0, STATUS_OK},
	{10, 10, 1, STATUS_OVERLOAD},
	{1, 0, 1, STATUS_OK},
	{257, 256, 1, STATUS_OK},
	{257, 256, 2, STATUS_OVERLOAD},
	{10, 4, SIZE_MAX, STATUS_OVERLOAD},
	{10, 4, SIZE_MAX - 3, STATUS_OVERLOAD},
	{SIZE_MAX, 4, SIZE_MAX, STATUS_OVERLOAD},
	{0, 4, (size_t)1 << 30, STATUS_OVERLOAD},
	{0, 4, SIZE_MAX / 2, STATUS_OVERLOAD},
};

/* The cap holds, the content survives a refusal, and a full buffer still is a text. */
START_TEST(buffer_has_a_cap)
{
	const struct cap_row *row = &cap_rows[_i];
	struct buffer b = {.max = row->max};
	char was[300];

	memset(was, 'x', sizeof was);
	ck_assert(ok(buffer_append(&b, span_of(was, row->held))));
	ck_assert_int_eq(buffer_reserve(&b, row->more).kind, row->want);
	ck_assert(row->max == 0 || b.cap <= row->max);
	ck_assert(span_equal(buffer_span(&b), span_of(was, row->held)));
	ck_assert_uint_eq(strlen(buffer_text(&b)), row->held);
	buffer_free(&b);
}
END_TEST

START_TEST(buffer_format_is_all_or_nothing)
{
	struct buffer b = {.max = 5};

	ck_assert(ok(buffer_format(&b, "%s", "abc")));
	ck_assert_int_eq(buffer_format(&b, "%s", "def").kind, STATUS_OVERLOAD);
	ck_assert_str_eq(buffer_text(&b), "abc");
	ck_assert(ok(buffer_format(&b, "%s", "de")));
	ck_assert_str_eq(buffer_text(&b), "abcde");
	buffer_free(&b);
}
END_TEST

/* --- arena --- */

START_TEST(arena_gives_zeroed_aligned_memory)
{
	struct arena a = {0};
	uint8_t dirt = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 3000; n++) {
			uint8_t *p = arena_alloc(&a, n);

			ck_assert_ptr_nonnull(p);
			ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
			for (size_t i = 0; i < n; i++)
				dirt |= p[i];
			memset(p, 0xaa, n);
		}
		ck_assert_uint_eq(dirt, 0);
		arena_reset(&a);
		ck_assert_uint_eq(a.used, 0);
	}
	arena_free(&a);
}
END_TEST

/* Nothing handed out overlaps, whatever the sizes; after a reset the same blocks serve again. */
START_TEST(arena_keeps_things_apart)
{
	enum { THINGS = 400 };
	static const size_t sizes[] = {1, 40000, 16, 70000, 3, 65536, 200000, 15};
	struct arena a = {0};
	size_t wrong = 0;

	for (int round = 0; round < 2; round++) {
		uint8_t *things[THINGS];

		for (int i = 0; i < THINGS; i++) {
			things[i] = arena_alloc(&a, sizes[i % 8]);
			ck_assert_ptr_nonnull(things[i]);
			memset(things[i], i % 251 + 1, sizes[i % 8]);
		}
		for (int i = 0; i < THINGS; i++)
			for (size_t n = 0; n < sizes[i % 8]; n += 7)
				wrong += things[i][n] != i % 251 + 1;
		ck_assert_uint_eq(wrong, 0);
		arena_reset(&a);
	}
	arena_free(&a);
}
END_TEST

START_TEST(arena_has_a_cap)
{
	struct arena a = {.max = 1000};

	ck_assert_ptr_null(arena_alloc(&a, 1001));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_nonnull(arena_alloc(&a, 500));
	ck_assert_ptr_null(arena_alloc(&a, 501));
	ck_assert_ptr_nonnull(arena_alloc(&a, 400));
	while (arena_alloc(&a, 1))
		ck_assert_uint_le(a.used, 1000 + alignof(max_align_t));
	ck_assert_ptr_null(arena_text(&a, span_text("none left")));
	ck_assert_ptr_null(arena_copy(&a, span_text("none left")).p);
	arena_reset(&a);
	ck_assert_ptr_nonnull(arena_alloc(&a, 1000));
	arena_free(&a);

	a = (struct arena){.max = SIZE_MAX};
	ck_assert_ptr_nonnull(arena_alloc(&a, 1));
	for (size_t n = 0; n < 64; n++) /* sizes that wrap when they are rounded up */
		ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX - n));
	arena_free(&a);
}
END_TEST

START_TEST(arena_copies)
{
	struct arena a = {0};
	struct span copy = arena_copy(&a, span_of("a\0b", 3));

	ck_assert(span_equal(copy, span_of("a\0b", 3)));
	ck_assert_str_eq(arena_text(&a, span_of("abcdef", 3)), "abc");
	ck_assert_str_eq(arena_text(&a, span_of(NULL, 0)), "");
	ck_assert_uint_eq(arena_copy(&a, span_of(NULL, 0)).n, 0);
	arena_free(&a);
}
END_TEST

/* --- nothing left behind --- */

static void put(struct buffer *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_assert(ok(buffer_append_text(b, MARK)));
}

static void grown(void)
{
	struct buffer b = {0};

	put(&b, 10000);
	buffer_free(&b);
}

static void grown_after_consume(void)
{
	struct buffer b = {0};

	put(&b, 10);
	buffer_consume(&b, 9 * strlen(MARK));
	ck_assert(ok(buffer_reserve(&b, 10000)));
	buffer_free(&b);
}

static void grown_after_emptied(void)
{
	struct buffer b = {0};

	put(&b, 10);
	b.n = 0; /* as its users do to fill it anew */
	ck_assert(ok(buffer_reserve(&b, 10000)));
	buffer_free(&b);
}

static void emptied_and_freed(void)
{
	struct buffer b = {0};

	put(&b, 10);
	b.n = 0;
	buffer_free(&b);
}

static void arena_of_marks(struct arena *a)
{
	for (int i = 0; i < 10000; i++)
		ck_assert_ptr_nonnull(arena_copy(a, span_text(MARK)).p);
}

static void arena_freed(void)
{
	struct arena a = {0};

	arena_of_marks(&a);
	arena_free(&a);
}

static void arena_reset_freed(void)
{
	struct arena a = {0};

	arena_of_marks(&a);
	arena_reset(&a);
	ck_assert_ptr_nonnull(arena_alloc(&a, 1));
	arena_free(&a);
}

static void (*const uses[])(void) = {
	grown, grown_after_consume, grown_after_emptied, emptied_and_freed, arena_freed, arena_reset_freed};

START_TEST(nothing_personal_is_left_in_freed_memory)
{
	leaked = false;
	uses[_i]();
	ck_assert_msg(!leaked, "use %d leaves it behind", _i);
}
END_TEST

/* That the test above can fail at all. */
START_TEST(the_mark_is_seen)
{
	char *p = strdup(MARK);

	leaked = false;
	free(p);
	ck_assert(leaked);
}
END_TEST

TCase *case_memory(void)
{
	TCase *c = tcase_create("memory");
	tcase_add_test(c, buffer_holds_what_was_put_in);
	tcase_add_test(c, buffer_grows);
	tcase_add_loop_test(c, buffer_has_a_cap, 0, ROWS(cap_rows));
	tcase_add_test(c, buffer_format_is_all_or_nothing);
	tcase_add_test(c, arena_gives_zeroed_aligned_memory);
	tcase_add_test(c, arena_keeps_things_apart);
	tcase_add_test(c, arena_has_a_cap);
	tcase_add_test(c, arena_copies);
	tcase_add_test(c, the_mark_is_seen);
	tcase_add_loop_test(c, nothing_personal_is_left_in_freed_memory, 0, ROWS(uses));
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Files whole or not at all, and keys only where nobody else can read them.
 */
#include "gateway/base/file.h"
#include "tests/unit/test_base.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/unit-base-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	umask(022);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void make(const char *path, const char *content, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(content, f);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void assert_content(const char *path, const char *want)
{
	struct buffer b = {0};

	ck_assert(ok(file_read(path, 1000, &b, NULL)));
	ck_assert_str_eq(buffer_text(&b), want);
	buffer_free(&b);
}

/* --- reading --- */

static const struct read_row {
	const char *path;
	size_t max;
	const char *problem; /* a part of it; NULL = it is read */
} read_rows[] = {
	{"five", 5, NULL},
	{"five", 1000, NULL},
	{"five", 4, "longer than 4 bytes"},
	{"five", 0, "longer than 0 bytes"},
	{"empty", 0, NULL},
	{"link", 5, NULL},
	{"none", 5, "No such file"},
	{"folder", 5, "is a folder"},
	{"five/five", 5, "Not a directory"},
	{"dangling", 5, "No such file"},
	{"loop", 5, "symbolic links"},
	{"", 5, "No such file"},
	{"/dev/zero", 5, "longer than 5 bytes"},
};

START_TEST(files_are_read_whole)
{
	const struct read_row *row = &read_rows[_i];
	struct buffer b = {0};
	struct error e = {0};

	make("five", "12345", 0644);
	make("empty", "", 0644);
	ck_assert_int_eq(symlink("five", "link") | symlink("gone", "dangling") | symlink("loop", "loop"), 0);
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	ck_assert_int_eq(
		file_read(row->path, row->max, &b, &e).kind, row->problem ? STATUS_BAD_INPUT : STATUS_OK);
	if (row->problem)
		ck_assert_msg(strstr(error_text(&e), row->problem) != NULL, "%s", error_text(&e));
	else
		ck_assert_str_eq(buffer_text(&b), strcmp(row->path, "empty") == 0 ? "" : "12345");
	ck_assert(!row->problem || !ok(file_read(row->path, row->max, &b, NULL))); /* nobody wants to know */
	error_free(&e);
	buffer_free(&b);
}
END_TEST

/* Longer than one read(2), at and around its size. */
START_TEST(long_files_are_read_whole)
{
	static const size_t sizes[] = {65535, 65536, 65537, 1000000};
	size_t n = sizes[_i];
	char *content = malloc(n + 1);
	struct buffer b = {0};

	memset(content, 'x', n);
	content[n] = 0;
	content[n - 1] = 'y';
	make("long", content, 0600);
	ck_assert(ok(file_read("long", n, &b, NULL)));
	ck_assert(span_is(buffer_span(&b), content));
	buffer_free(&b);
	ck_assert(!ok(file_read("long", n - 1, &b, NULL)));
	buffer_free(&b);
	free(content);
}
END_TEST

static const struct mode_row {
	mode_t mode;
	bool good;
} mode_rows[] = {
	{0600, true},
	{0400, true},
	{0700, true},
	{0644, false},
	{0640, false},
	{0604, false},
	{0660, false},
	{0620, false},
	{0602, false},
	{0610, false},
	{0601, false},
	{0444, false},
	{0777, false},
	{04600, true},
};

START_TEST(a_key_that_others_can_read_is_refused)
{
	const struct mode_row *row = &mode_rows[_i];
	struct buffer b = {0};
	struct error e = {0};

	make("key", "secret", row->mode);
	ck_assert_int_eq(symlink("key", "link"), 0);
	ck_assert_int_eq(ok(file_read_private("key", 100, &b, &e)), row->good);
	ck_assert_str_eq(buffer_text(&b), row->good ? "secret" : "");
	ck_assert_int_eq(
		ok(file_read_private("link", 100, &b, &e)), row->good); /* the file's mode, not the link's */
	if (!row->good) {
		ck_assert_msg(strstr(error_text(&e), "chmod 600") != NULL, "%s", error_text(&e));
		ck_assert_ptr_null(strstr(error_text(&e), "secret"));
	}
	error_free(&e);
	buffer_free(&b);
}
END_TEST

/* --- writing --- */

static int files_here(void)
{
	DIR *d = opendir(".");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(files_are_written_and_replaced)
{
	ck_assert(ok(file_write("f", 0600, span_text("one"), NULL)));
	assert_content("f", "one");
	ck_assert_uint_eq(mode_of("f"), 0600);
	ck_assert(ok(file_write("f", 0644, span_text("a second, longer"), NULL)));
	assert_content("f", "a second, longer");
	ck_assert_uint_eq(mode_of("f"), 0644);
	ck_assert(ok(file_write("f", 0600, span_of(NULL, 0), NULL)));
	assert_content("f", "");
	ck_assert_uint_eq(mode_of("f"), 0600);
	ck_assert_int_eq(files_here(), 1);
}
END_TEST

/* Who has the old file open keeps the old content: it is another file, never a half written one. */
START_TEST(what_is_there_is_replaced_at_once)
{
	char was[10] = {0};
	int fd;

	make("f", "old", 0600);
	fd = open("f", O_RDONLY);
	ck_assert_int_eq(link("f", "also"), 0);
	ck_assert(ok(file_write("f", 0600, span_text("new content"), NULL)));
	ck_assert_int_eq(read(fd, was, sizeof was), 3);
	ck_assert_str_eq(was, "old");
	close(fd);
	assert_content("also", "old");
	assert_content("f", "new content");
}
END_TEST

/* A crash left a temporary file with another mode, or somebody laid a link there: neither shines through. */
START_TEST(what_lies_in_the_way_is_not_used)
{
	char temporary[64];

	snprintf(temporary, sizeof temporary, "f.%ld.tmp", (long)gettid());
	make(temporary, "left behind", 0644);
	ck_assert(ok(file_write("f", 0600, span_text("key"), NULL)));
	ck_assert_uint_eq(mode_of("f"), 0600);
	make("victim", "untouched", 0644);
	ck_assert_int_eq(symlink("victim", temporary), 0);
	ck_assert(ok(file_write("f", 0600, span_text("key 2"), NULL)));
	assert_content("victim", "untouched");
	assert_content("f", "key 2");
	ck_assert_int_eq(files_here(), 2);
}
END_TEST

static const char *const unwritable[] = {"none/f", "folder", "", "f/f", "/proc/none"};

START_TEST(a_failed_write_leaves_nothing)
{
	struct error e = {0};
	int before;

	ck_assert_int_eq(mkdir("folder", 0700), 0);
	make("folder/inside", "x", 0600);
	make("f", "old", 0600);
	before = files_here();
	ck_assert_int_eq(file_write(unwritable[_i], 0600, span_text("new"), &e).kind, STATUS_BAD_INPUT);
	ck_assert_uint_gt(strlen(error_text(&e)), 5);
	ck_assert_int_eq(files_here(), before);
	assert_content("f", "old");
	error_free(&e);
}
END_TEST

/* --- folders and paths --- */

static const struct folder_row {
	const char *path;
	bool good;
} folder_rows[] = {
	{"a", true},
	{"a/b/c", true},
	{"a/b/c/", true},
	{"a//b", true},
	{"./a/../b", true},
	{"there", true},
	{"there/a", true},
	{"", false},
	{"file", false},
	{"file/a", false},
	{"there/file", false},
	{"/proc/none/a", false},
};

START_TEST(folders_are_made)
{
	const struct folder_row *row = &folder_rows[_i];
	struct error e = {0};
	struct stat st;

	ck_assert_int_eq(mkdir("there", 0755), 0);
	make("file", "x", 0644);
	make("there/file", "x", 0644);
	ck_assert_int_eq(ok(file_make_folder(row->path, &e)), row->good);
	if (row->good)
		ck_assert(stat(row->path, &st) == 0 && S_ISDIR(st.st_mode));
	else
		ck_assert_uint_gt(strlen(error_text(&e)), 2);
	if (row->good && strcmp(row->path, "there") != 0)
		ck_assert_uint_eq(mode_of(row->path), 0700);
	ck_assert_uint_eq(mode_of("there"), 0755);
	error_free(&e);
}
END_TEST

static const struct beside_row {
	const char *beside, *path, *want;
} beside_rows[] = {
	{"/etc/gateway.yaml", "pki/ca.pem", "/etc/pki/ca.pem"},
	{"/etc/gateway.yaml", "/pki/ca.pem", "/pki/ca.pem"},
	{"gateway.yaml", "pki/ca.pem", "pki/ca.pem"},
	{"conf/gateway.yaml", "ca.pem", "conf/ca.pem"},
	{"conf/gateway.yaml", "../ca.pem", "conf/../ca.pem"},
	{"/gateway.yaml", "ca.pem", "/ca.pem"},
	{"a/b/", "c", "a/b/c"},
	{"", "c", "c"},
};

START_TEST(paths_are_seen_from_beside)
{
	char *path = file_path_beside(beside_rows[_i].beside, beside_rows[_i].path);

	ck_assert_str_eq(path, beside_rows[_i].want);
	free(path);
}
END_TEST

TCase *case_file(void)
{
	TCase *c = tcase_create("file");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, files_are_read_whole, 0, ROWS(read_rows));
	tcase_add_loop_test(c, long_files_are_read_whole, 0, 4);
	tcase_add_loop_test(c, a_key_that_others_can_read_is_refused, 0, ROWS(mode_rows));
	tcase_add_test(c, files_are_written_and_replaced);
	tcase_add_test(c, what_is_there_is_replaced_at_once);
	tcase_add_test(c, what_lies_in_the_way_is_not_used);
	tcase_add_loop_test(c, a_failed_write_leaves_nothing, 0, ROWS(unwritable));
	tcase_add_loop_test(c, folders_are_made, 0, ROWS(folder_rows));
	tcase_add_loop_test(c, paths_are_seen_from_beside, 0, ROWS(beside_rows));
	return c;
}

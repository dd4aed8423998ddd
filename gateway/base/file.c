/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole files, in and out. What is written is either all there or not at all, also after a power cut.
 */
#include "gateway/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void free_text(char **text)
{
	free(*text);
}

static struct status read_all(int fd, const char *path, size_t max, struct buffer *out, struct error *e)
{
	for (;;) {
		ssize_t got;

		if (out->n > max)
			return error_set(e, "%s: longer than %zu bytes", path, max);
		TRY(buffer_reserve(out, 64u << 10));
		got = read(fd, out->p + out->n, 64u << 10);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(e, "%s: %s", path, strerror(errno));
		if (got == 0)
			return S_OK;
		out->n += (size_t)got;
	}
}

static struct status open_regular(const char *path, int *fd, struct stat *st, struct error *e)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0 || fstat(*fd, st) < 0)
		return error_set(e, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st->st_mode))
		return error_set(e, "%s: is a folder", path);
	return S_OK;
}

struct status file_read(const char *path, size_t max, struct buffer *out, struct error *e)
{
	CLEANUP(close_file) int fd = -1;
	struct stat st;

	TRY(open_regular(path, &fd, &st, e));
	return read_all(fd, path, max, out, e);
}

struct status file_read_private(const char *path, size_t max, struct buffer *out, struct error *e)
{
	CLEANUP(close_file) int fd = -1;
	struct stat st = {0};

	TRY(open_regular(path, &fd, &st, e));
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(e, "%s: a private key that others can read (mode %04o); chmod 600 it", path,
			(unsigned)st.st_mode & 07777);
	return read_all(fd, path, max, out, e);
}

static struct status write_all(int fd, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t put = write(fd, bytes.p, bytes.n);

		if (put < 0 && errno == EINTR)
			continue;
		REQUIRE(put >= 0, S_RETRY);
		bytes.p += put;
		bytes.n -= (size_t)put;
	}
	return fsync(fd) == 0 ? S_OK : S_RETRY;
}

static struct status sync_folder_of(const char *path)
{
	CLEANUP(free_text) char *folder = strdup(path);
	CLEANUP(close_file) int fd = -1;
	char *slash = folder ? strrchr(folder, '/') : NULL;

	REQUIRE(folder, S_OVERLOAD);
	if (slash)
		*(slash == folder ? slash + 1 : slash) = 0;
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0 ? S_OK : S_RETRY;
}

struct status file_write(const char *path, unsigned mode, struct span bytes, struct error *e)
{
	CLEANUP(free_text) char *temporary = NULL;
	CLEANUP(close_file) int fd = -1;

	REQUIRE(asprintf(&temporary, "%s.%ld.tmp", path, (long)gettid()) > 0, S_OVERLOAD);
	/* What a crash left behind may have another mode, or be somebody's link. */
	if (unlink(temporary) < 0 && errno != ENOENT)
		return error_set(e, "%s: %s", temporary, strerror(errno));
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
	if (fd < 0)
		return error_set(e, "%s: %s", temporary, strerror(errno));
	if (!ok(write_all(fd, bytes)) || rename(temporary, path) < 0 || !ok(sync_folder_of(path))) {
		struct status failed = error_set(e, "%s: %s", path, strerror(errno));

		unlink(temporary);
		return failed;
	}
	return S_OK;
}

static bool make_one_folder(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return true;
	if (errno != EEXIST)
		return false;
	errno = ENOTDIR;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

struct status file_make_folder(const char *path, struct error *e)
{
	CLEANUP(free_text) char *partial = strdup(path);

	REQUIRE(partial, S_OVERLOAD);
	if (!path[0])
		return error_set(e, "a folder without a name");
	for (char *p = partial + 1;; p++) {
		char end = *p;

		if (end != '/' && end != 0)
			continue;
		*p = 0;
		if (!make_one_folder(partial))
			return error_set(e, "%s: %s", partial, strerror(errno));
		*p = end;
		if (end == 0)
			return S_OK;
	}
}

char *file_path_beside(const char *beside, const char *path)
{
	const char *slash = strrchr(beside, '/');
	char *joined = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - beside), beside, path) < 0)
		return NULL;
	return joined;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Files read whole and written whole, safely.
 */
#ifndef ANPR_BASE_FILE_H
#define ANPR_BASE_FILE_H

#include "gateway/base/buffer.h"
#include "gateway/base/error.h"

/* Read the whole file, at most `max` bytes. errors: BAD_INPUT with the reason in `e`. */
MUST struct status file_read(const char *path, size_t max, struct buffer *out, struct error *e);
/* Write to a temporary name beside it, fsync, rename over `path`, fsync the folder. mode e.g. 0600. */
MUST struct status file_write(const char *path, unsigned mode, struct span bytes, struct error *e);
/* As file_read, and refused if group or others may read it: private keys. */
MUST struct status file_read_private(const char *path, size_t max, struct buffer *out, struct error *e);
/* mkdir -p with mode 0700. */
MUST struct status file_make_folder(const char *path, struct error *e);
/* `path` as seen from the folder of `beside` when it is relative. The caller frees. */
char *file_path_beside(const char *beside, const char *path);

#endif

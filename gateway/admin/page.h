/* SPDX-License-Identifier: Apache-2.0
 *
 * What page.cmake makes of the folder page: one file's bytes, and under what name and type it is served. All
 * but the document lie in a folder named by the content of them all.
 */
#ifndef ANPR_ADMIN_PAGE_H
#define ANPR_ADMIN_PAGE_H

#include <stddef.h>
#include <stdint.h>

struct page_file {
	const char *path, *type;
	const uint8_t *bytes;
	size_t n;
};

/* Ends with a path of NULL. */
extern const struct page_file page_files[];

#endif

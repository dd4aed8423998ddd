/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that there is no way on without, such as that of policy: running out of it ends the process, before
 * anything is half changed. Never for what a peer can make grow.
 */
#ifndef ANPR_BASE_MEMORY_H
#define ANPR_BASE_MEMORY_H

#include "gateway/base/buffer.h"

/* n zeroed items. Never NULL. */
void *memory_new(size_t n, size_t size);
/* Room for one item more behind the n there are; what was there is kept. Never NULL. */
void *memory_grow(void *items, size_t n, size_t size);
/* A copy; NULL of NULL. */
char *memory_text(const char *text);
void memory_free_texts(char **texts, size_t n);

/* Append words. */
__attribute__((format(printf, 2, 3))) void text_add(struct buffer *b, const char *format, ...);
void text_add_bytes(struct buffer *b, struct span bytes);

#define GROW(items, n) ((items) = memory_grow((items), (n), sizeof *(items)))

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML through libyaml's document API, walked by a table of keys. Every problem is told with its line and
 * column; what is wrong does not stop what follows from being read.
 */
#ifndef ANPR_TEXT_YAML_H
#define ANPR_TEXT_YAML_H

#include "gateway/base/error.h"
#include "gateway/base/span.h"

#include <stdint.h>

struct yaml_document; /* libyaml's own type stays in yaml.c */

struct yaml {
	struct yaml_document *document;
	const char *name; /* the file's, for messages */
	struct error *error;
	bool bad;      /* something was complained about */
	bool overload; /* memory ran out */
};

struct yaml_key {
	const char *name;
	bool required;
	/* Read the value into `to`, which is the struct of the map plus `offset`. */
	void (*read)(struct yaml *y, int node, void *to, const struct yaml_key *key);
	size_t offset;
	size_t n_offset; /* of lists: where in the map's struct the number of items is, as size_t */
	const void *of;  /* the reader's own: words, limits */
	void *map;       /* set while reading: the map's struct */
};

/* Load one document without aliases, anchors or tags of its own. errors: BAD_INPUT, OVERLOAD */
struct status yaml_open(struct yaml *y, struct span text);
void yaml_close(struct yaml *y);
/* Node of the whole document. */
int yaml_root(const struct yaml *y);

/* Where the value of that key of a map is, or the map itself where it has none. */
int yaml_at(const struct yaml *y, int map, const char *key);

bool yaml_is_map(const struct yaml *y, int node);
bool yaml_is_list(const struct yaml *y, int node);
/* The line a node begins on, from 1. */
size_t yaml_line(const struct yaml *y, int node);

/* A complaint about a node. */
void yaml_complain(struct yaml *y, int node, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Read a map into `to` by its keys: unknown, repeated and missing ones are complained about. At most 32 keys.
 */
void yaml_map(struct yaml *y, int node, void *to, const struct yaml_key *keys, size_t n);
/* The items of a list; complains and gives 0 where it is none. */
size_t yaml_items(struct yaml *y, int node, const int **items);
/* The text of a scalar, without looking at how it was quoted; complains and gives false where it is none. */
bool yaml_text(struct yaml *y, int node, struct span *out);
/* n zeroed things of `size`, or NULL with `overload` set. The caller frees. */
void *yaml_alloc(struct yaml *y, size_t n, size_t size);

#endif

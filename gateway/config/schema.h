/* SPDX-License-Identifier: Apache-2.0
 *
 * The schema of the configuration file: one table that says which keys there are, what each may hold, and
 * where in `struct config` it goes. Loading, printing and freeing all walk it, so a key is added in one
 * place. Private to this folder.
 */
#ifndef ANPR_CONFIG_SCHEMA_H
#define ANPR_CONFIG_SCHEMA_H

#include "gateway/config/config.h"

struct loader;

enum value_kind {
	VALUE_NONE = 0,
	VALUE_MAP,         /* nested keys; `at` is where their struct begins within this one */
	VALUE_ITEMS,       /* a list of mappings: an array of structs */
	VALUE_TEXTS,       /* a list of texts: char ** */
	VALUE_ROLES,       /* a list of role words: unsigned */
	VALUE_TEXT,        /* char * */
	VALUE_PATH,        /* char *, made absolute */
	VALUE_LISTEN,      /* struct config_listen */
	VALUE_NUMBER,      /* uint32_t */
	VALUE_DURATION,    /* uint32_t, seconds */
	VALUE_SOURCE_KIND, /* enum source_kind */
};

/* What a path leads to. */
enum file_kind { FILE_ANY = 0, FILE_CA, FILE_CERTIFICATE, FILE_KEY, FILE_SIGNING_KEY, FILE_FOLDER };

struct schema {
	const char *key; /* NULL ends a table */
	enum value_kind kind;
	bool required;
	size_t at;                 /* offset of the value in the struct of the mapping */
	size_t count_at;           /* lists: offset of the number of items */
	size_t size;               /* VALUE_ITEMS: bytes of one */
	size_t line_at;            /* VALUE_ITEMS: offset of the line within an item; 0 = not kept */
	const struct schema *keys; /* VALUE_MAP, VALUE_ITEMS */
	const char *fallback;      /* scalar used where the key is missing */
	uint32_t min, max;         /* numbers, seconds */
	const char *(*wrong)(const char *text); /* texts: what is wrong with it, or NULL */
	enum file_kind file;                    /* VALUE_PATH */
	/* Called once all keys of a mapping are read: what the keys must be to each other. */
	void (*rule)(struct loader *l, int node, void *base);
};

extern const struct schema config_schema[];

/* Role words; the index is the number of anpr.v1.Role. */
#define ROLE_WORDS 5
extern const char *const role_words[ROLE_WORDS];
extern const char *const source_kind_words[3];

#endif

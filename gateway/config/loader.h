/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of loading share while a file is read. Private to this folder.
 */
#ifndef ANPR_CONFIG_LOADER_H
#define ANPR_CONFIG_LOADER_H

#include "gateway/base/digest.h"
#include "gateway/config/schema.h"

#include <yaml.h>

/* A private key met so far: one key serves one role. */
struct key_seen {
	struct digest content;
	size_t line;
	char where[128];
};

struct loader {
	yaml_document_t document;
	const char *file; /* as the person named it, for messages */
	struct config *config;
	struct error *e; /* may be NULL */
	size_t problems;
	char where[256]; /* the key at hand, for messages: partners[1].source.url */
	struct key_seen *keys;
	size_t n_keys;
};

/* --- yaml.c --- */
/* Read the text into l->document. Aliases, anchors, tags and further documents are problems. */
struct status loader_parse(struct loader *l, struct span text);
yaml_node_t *loader_node(struct loader *l, int node);
/* The value under `key` of a mapping; 0 = none. */
int loader_find(struct loader *l, int mapping, const char *key);
/* Item i of a sequence; 0 = none. */
int loader_item(struct loader *l, int sequence, size_t i);
/* The text of a scalar, or NULL with the problem told. */
const char *loader_text(struct loader *l, int node);
/* Tell a problem at a node (0 = the file as a whole). */
void loader_problem(struct loader *l, int node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- value.c --- */
void value_load(struct loader *l, const struct schema *s, int node, void *base);
/* The same from a text of our own. */
void value_default(struct loader *l, const struct schema *s, void *base);
void *schema_target(const struct schema *s, void *base);
size_t *schema_count(const struct schema *s, void *base);
/* Extend l->where by ".key" or "[i]"; returns the length to go back to. */
size_t loader_enter(struct loader *l, const char *key);
size_t loader_enter_item(struct loader *l, size_t i);
void loader_leave(struct loader *l, size_t length);
/* --- load.c --- */
void map_load(struct loader *l, const struct schema *keys, int node, void *base);

/* --- words.c: what is wrong with a text, or NULL --- */
const char *wrong_id(const char *text);
const char *wrong_partner_id(const char *text);
const char *wrong_subject(const char *text);
const char *wrong_principal(const char *text);
const char *wrong_brokers(const char *text);
const char *wrong_topic(const char *text);
const char *wrong_url(const char *text);
const char *listen_parse(const char *text, struct config_listen *out);
const char *duration_parse(const char *text, uint32_t *seconds);
const char *number_parse(const char *text, uint32_t *number);

/* --- files.c --- */
/* Check the file a path leads to; problems are told at `node`. */
void file_check(struct loader *l, int node, const char *path, enum file_kind kind);
/* Whether the certificate belongs to the key; true also where either cannot be read (told elsewhere). */
bool file_pair_matches(const char *cert, const char *key);

/* --- rules.c --- */
void rule_pair(struct loader *l, int node, const char *cert, const char *key);
void rule_config(struct loader *l, int node, void *base);
void rule_kafka(struct loader *l, int node, void *base);
void rule_topics(struct loader *l, int node, void *base);
void rule_organisation(struct loader *l, int node, void *base);
void rule_source(struct loader *l, int node, void *base);
void rule_metrics(struct loader *l, int node, void *base);
void rule_ingress(struct loader *l, int node, void *base);
void rule_admin(struct loader *l, int node, void *base);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's API as the verbs use it. Private to this folder.
 */
#ifndef ANPR_CTL_CLIENT_H
#define ANPR_CTL_CLIENT_H

#include "gateway/ctl/ctl.h"
#include "gateway/http/api.h"

#include <jansson.h>

/* The person's own files, read, and the connections made with them. */
struct credentials {
	struct buffer ca, cert, key;
	struct api_pool *pool;
};
/* errors: USAGE, told: something is not given or cannot be read. */
enum exit_code credentials_read(const struct options *o, struct credentials *c);
void credentials_free(struct credentials *c);

/* GET a view. What fails is told; *out is then NULL. The caller decrefs. */
enum exit_code client_get(const struct options *o, const char *path, json_t **out);
/* POST what changes nothing that is recorded, so needs no signature; the same otherwise. */
enum exit_code client_post(
	const struct options *o, const char *path, const char *type, struct span body, json_t **out);
/* GET as part of something else: at most timeout_ms, nothing told. */
json_t *client_peek(const struct options *o, const struct credentials *c, const char *path, int timeout_ms);

#define TROUBLE_MAX 512

struct answer {
	unsigned status;           /* HTTP; 0 = nobody answered */
	json_t *json;              /* owned; NULL where the body is none */
	char trouble[TROUBLE_MAX]; /* why nobody answered */
};
/* POST a signed command. A narrowing is tried on the next node after a second without an answer and after any
 * answer but done, 5 s in all; the best answer counts. */
void client_command(const struct options *o, const struct credentials *c, struct span body, bool narrows,
	struct answer *out);

/* Whatever there is at a path, as it is. The caller frees the answer. thread: any; blocks for 9 s at most. */
struct fetched {
	struct api_answer answer;
	char trouble[TROUBLE_MAX]; /* why nobody answered */
};
void client_fetch(
	const struct options *o, const struct credentials *c, const char *path, struct fetched *out);

/* The nodes of --gateway, cut up. */
struct nodes {
	char *text; /* owned */
	const char *urls[API_NODES_MAX];
	size_t n;
};
void nodes_cut(const struct options *o, struct nodes *n);
void nodes_free(struct nodes *n);

/* "/v1/x?a=b&c=d" with the values escaped; pairs of name and value, ended by NULL; values that are NULL are
 * left out. The caller frees. */
char *client_path(const char *path, ...) __attribute__((sentinel));

/* --- fields of JSON that came over the network: never NULL where text --- */
const char *json_text(const json_t *object, const char *key);
uint64_t json_number(const json_t *object, const char *key);
/* "a, b, c" of an array of texts. The caller frees. */
char *json_list(const json_t *array);
/* "2026-11-01 12:00:00" of an RFC 3339 time, or "-"; into 32 bytes, returned. */
const char *time_short(char *to, const char *time);
#define TIME_SHORT(object, key) time_short((char[32]){0}, json_text(object, key))

/* Print a view as it came. */
enum exit_code json_show(const json_t *json);

#endif

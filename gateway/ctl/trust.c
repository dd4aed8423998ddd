/* SPDX-License-Identifier: Apache-2.0
 *
 * What this person has seen of each gateway besides its journal's head: the trust root it has for their own
 * organisation, and its nodes' keys, kept in ~/.local/state/anprctl. Whoever has another trust root accepted
 * for a body can speak for it, so a change is never taken as it comes.
 */
#include "gateway/ctl/trust.h"

#include "gateway/base/file.h"
#include "gateway/ctl/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRUST_MS   3000
#define MEMORY_MAX (1u << 20)

/* {"roots": {organisation: identity}, "keys": {node: [key, ...]}}; never NULL. */
static json_t *memory_load(const char *path)
{
	struct buffer text = {0};
	json_t *memory = NULL;

	if (access(path, R_OK) == 0 && ok(file_read(path, MEMORY_MAX, &text, NULL)))
		memory = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	buffer_free(&text);
	if (!json_is_object(json_object_get(memory, "roots")) ||
		!json_is_object(json_object_get(memory, "keys"))) {
		json_decref(memory);
		memory = json_pack("{s:{},s:{}}", "roots", "keys");
	}
	return memory;
}

static void memory_save(const char *path, const json_t *memory)
{
	char *text = json_dumps(memory, JSON_INDENT(1) | JSON_SORT_KEYS);

	if (text)
		(void)ok(file_write(
			path, 0600, span_text(text), NULL)); /* a convenience: nothing fails for its want */
	free(text);
}

static const char *root_shown(const json_t *view, const char *organisation)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(view, "organisations"), i, one)
	{
		if (strcmp(json_text(one, "id"), organisation) == 0)
			return json_text(one, "identity");
	}
	return "";
}

static bool list_has(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *item = json_string_value(one);
		if (item && strcmp(item, text) == 0)
			return true;
	}
	return false;
}

static void keys_learn(json_t *memory, const json_t *view)
{
	json_t *keys = json_object_get(memory, "keys");
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(view, "node_keys"), i, one)
	{
		const char *node = json_text(one, "node"), *key = json_text(one, "key");
		if (!json_object_get(keys, node))
			json_object_set_new(keys, node, json_array());
		if (!list_has(json_object_get(keys, node), key))
			json_array_append_new(json_object_get(keys, node), json_string(key));
	}
}

static enum exit_code raise_alarm(const struct options *o, const char *organisation, const char *before,
	const char *now, const char *path)
{
	fprintf(stderr,
		"anprctl: WARNING: THIS GATEWAY SHOWS ANOTHER TRUST ROOT FOR YOUR ORGANISATION.\n"
		"  It says that %s's CA is %s;\n"
		"  when you last looked it was %s.\n"
		"  Whoever has that CA can speak for %s here. Either your body changed its CA, by a proposal "
		"that\n"
		"  the others consented to ('anprctl history' has it as propose_organisation), or this is "
		"not the\n"
		"  gateway you know. Ask whoever keeps your CA. If it is right, remove\n"
		"  %s\n"
		"  and try again; if not, tell your auditor before you decide anything here.\n",
		organisation, now, before, organisation, path);
	return fail(o, REFUSED, "not sent: the gateway shows another trust root for %s than before",
		organisation);
}

enum exit_code trust_take(const struct options *o, const struct credentials *c, const char *organisation)
{
	json_t *view = client_peek(o, c, "/v1/trust", TRUST_MS), *memory;
	const char *now = root_shown(view, organisation), *before;
	enum exit_code code = DONE;
	char path[4096];

	if (!*now || !memory_path(o, "trust", path, sizeof path)) {
		json_decref(view);
		return DONE; /* who does not answer, or does not know us, is told when the command is sent */
	}
	memory = memory_load(path);
	before = json_text(json_object_get(memory, "roots"), organisation);
	if (*before && strcmp(before, now) != 0) {
		code = raise_alarm(o, organisation, before, now, path);
	} else {
		json_object_set_new(json_object_get(memory, "roots"), organisation, json_string(now));
		keys_learn(memory, view);
		memory_save(path, memory);
	}
	json_decref(memory);
	json_decref(view);
	return code;
}

json_t *trust_keys(const struct options *o, const char *node)
{
	char path[4096];
	json_t *memory, *keys;

	if (!o->gateway || !memory_path(o, "trust", path, sizeof path))
		return json_array();
	memory = memory_load(path);
	keys = json_incref(json_object_get(json_object_get(memory, "keys"), node));
	json_decref(memory);
	return keys ? keys : json_array();
}

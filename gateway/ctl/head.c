/* SPDX-License-Identifier: Apache-2.0
 *
 * The chain head this person saw last, kept in ~/.local/state/anprctl. A journal that was rolled back or
 * replaced no longer contains it, and that is said loudly. Not here: checking the journal itself, which is
 * `verify`.
 */
#include "gateway/ctl/order.h"

#include "gateway/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD_MS      3000
#define HEAD_FAST_MS 1000 /* before an off: it does not depend on the answer */

struct head {
	uint64_t sequence; /* 0 = none */
	char hash[2 * DIGEST_BYTES + 1];
};

bool memory_path(const struct options *o, const char *kind, char *to, size_t cap)
{
	const char *home = getenv("HOME"), *state = getenv("XDG_STATE_HOME");
	struct digest name = digest_of(span_text(o->gateway));
	int n;

	if (state && *state == '/')
		n = snprintf(to, cap, "%s/anprctl", state);
	else if (home && *home == '/')
		n = snprintf(to, cap, "%s/.local/state/anprctl", home);
	else
		return false;
	if (n < 0 || (size_t)n >= cap - 80 || !ok(file_make_folder(to, NULL)))
		return false;
	snprintf(to + n, cap - (size_t)n, "/%.16s.%s", DIGEST_TEXT(&name), kind);
	return true;
}

static void head_load(const char *path, struct head *out)
{
	struct buffer text = {0};
	const char *line;
	char *end;

	*out = (struct head){0};
	if (access(path, R_OK) == 0 && ok(file_read(path, 4096, &text, NULL))) {
		line = buffer_text(&text);
		out->sequence = strtoull(line, &end, 10);
		snprintf(out->hash, sizeof out->hash, "%s", *end == ' ' ? end + 1 : "");
	}
	buffer_free(&text);
}

static void head_save(const char *path, const struct head *head)
{
	char text[128];

	snprintf(text, sizeof text, "%llu %s\n", (unsigned long long)head->sequence, head->hash);
	(void)ok(file_write(
		path, 0600, span_text(text), NULL)); /* a convenience: nothing fails for its want */
}

/* Whether the journal, now at `now`, still contains what was seen before. true also where it cannot be asked.
 */
static bool still_contains(const struct options *o, const struct credentials *c, const struct head *before,
	const struct head *now)
{
	json_t *history, *entry;
	bool contains = true;
	size_t i;

	if (now->sequence <= before->sequence)
		return now->sequence == before->sequence && strcmp(now->hash, before->hash) == 0;
	history = client_peek(o, c, "/v1/history", HEAD_MS);
	json_array_foreach(history, i, entry)
	{
		if (json_number(entry, "number") == before->sequence)
			contains = strcmp(json_text(entry, "hash"), before->hash) == 0;
	}
	json_decref(history);
	return contains;
}

static bool head_ask(const struct options *o, const struct credentials *c, int timeout_ms, struct head *out)
{
	json_t *head = client_peek(o, c, "/v1/head", timeout_ms);
	const char *hash = json_text(head, "hash");

	*out = (struct head){.sequence = json_number(head, "sequence")};
	snprintf(out->hash, sizeof out->hash, "%s", hash);
	json_decref(head);
	return out->sequence > 0 && strlen(out->hash) == sizeof out->hash - 1;
}

static enum exit_code warn_of_replacement(
	const struct options *o, const struct order *order, const struct head *before, const struct head *now)
{
	fprintf(stderr,
		"anprctl: WARNING: THE JOURNAL HAS BEEN ROLLED BACK OR REPLACED.\n"
		"  You saw entry %llu (hash %.16s...) of this gateway; its journal, now at entry %llu, does "
		"not contain it.\n"
		"  Tell your auditor before you decide anything here. To begin anew with this journal, "
		"remove the file\n"
		"  for this gateway in ~/.local/state/anprctl.\n",
		(unsigned long long)before->sequence, before->hash, (unsigned long long)now->sequence);
	if (order->narrows)
		return DONE; /* stopping is never held up */
	return fail(o, REFUSED, "not sent: the journal no longer contains the entry %llu that you saw",
		(unsigned long long)before->sequence);
}

static bool head_set(struct order *order, const struct head *head)
{
	if (order->command.head_sequence > 0)
		return true; /* whoever decides had looked before */
	if (!ok(hex_parse(span_text(head->hash), order->head_hash, DIGEST_BYTES)))
		return false;
	order->command.head_sequence = head->sequence;
	order->command.head_hash = (ProtobufCBinaryData){DIGEST_BYTES, order->head_hash};
	return true;
}

enum exit_code head_take(const struct options *o, const struct credentials *c, struct order *order)
{
	struct head before = {0}, now;
	char path[4096];
	bool remembers = memory_path(o, "head", path, sizeof path);
	enum exit_code code = DONE;

	if (remembers)
		head_load(path, &before);
	if (!head_ask(o, c, order->narrows ? HEAD_FAST_MS : HEAD_MS, &now))
		return DONE; /* the command goes without; who does not answer is told when it is sent */
	if (before.sequence && !order->narrows && !still_contains(o, c, &before, &now))
		return warn_of_replacement(o, order, &before, &now);
	if (before.sequence > now.sequence)
		code = warn_of_replacement(o, order, &before, &now);
	else if (remembers)
		head_save(path, &now);
	if (!head_set(order, &now))
		return fail(o, REFUSED, "the gateway's answer about its journal makes no sense");
	return code;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What became of an order, for people and for programs. A receipt is shown from its signed bytes, not from
 * what the node says about them.
 */
#include "gateway/ctl/order.h"

#include "gateway/base/file.h"
#include "gateway/ctl/change.h"
#include "gateway/ctl/screen.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* The receipt as stored in the journal, from the answer. */
static bool receipt_bytes(const json_t *receipt, struct buffer *out)
{
	const char *text = json_text(receipt, "stored");
	size_t n = strlen(text);
	int decoded;

	if (n == 0 || n % 4 || !ok(buffer_reserve(out, n)))
		return false;
	decoded = EVP_DecodeBlock(out->p, (const unsigned char *)text, (int)n);
	if (decoded < 0)
		return false;
	out->n = (size_t)decoded - (text[n - 1] == '=') - (text[n - 2] == '=');
	return true;
}

/* Where each partition of a topic ended, on one line for each topic. */
static void ends_print(const Anpr__V1__FencedPublisher *p)
{
	for (size_t i = 0; i < p->n_ends;) {
		const char *topic = p->ends[i]->topic;
		struct buffer line = {0};
		bool good = true;
		for (; i < p->n_ends && strcmp(p->ends[i]->topic, topic) == 0; i++)
			good = good && ok(buffer_format(&line, "%s%u at %lld", line.n ? ", " : "",
					       p->ends[i]->partition, (long long)p->ends[i]->high_watermark));
		print_field("", "  %s ended there, by partition: %s", topic, buffer_text(&line));
		buffer_free(&line);
	}
}

static void publisher_print(const Anpr__V1__FencedPublisher *p, const char *name)
{
	print_field(name, "publisher %u was fenced at %s", p->publisher,
		CLOCK_TEXT((struct utc_ms){p->fenced_at_ms}));
	for (size_t i = 0; i < p->n_feeds; i++)
		print_field("", "  %s to %s: nothing after number %llu", p->feeds[i]->partner,
			p->feeds[i]->topic, (unsigned long long)p->feeds[i]->last_sequence);
	ends_print(p);
}

void receipt_print(const struct journal_entry *entry)
{
	const Anpr__V1__Enforced *m = entry->body->enforced;

	print_field("receipt", "entry %llu, hash %s", (unsigned long long)entry->body->sequence,
		DIGEST_TEXT(&entry->hash));
	print_field("when", "%s, by node %s; %llu ms after it was accepted",
		CLOCK_TEXT((struct utc_ms){entry->body->time_ms}), entry->body->node,
		(unsigned long long)m->took_ms);
	for (size_t i = 0; i < m->n_publishers; i++)
		publisher_print(m->publishers[i], i == 0 ? "enforced" : "");
}

/* Whether the receipt makes good the entry that the answer names. */
static bool receipt_covers(const struct journal_entry *entry, uint64_t number, const char *hash)
{
	const Anpr__V1__Enforced *m;

	if (entry->body->body_case != ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED)
		return false;
	m = entry->body->enforced;
	for (size_t i = 0; i < m->n_entries; i++)
		if (m->entries[i] == number)
			return i + 1 < m->n_entries || !*hash ||
			       strcmp(hex_format((char[2 *DIGEST_BYTES + 1]){0},
					      span_of(m->entry_hash.data, m->entry_hash.len < DIGEST_BYTES
										  ? m->entry_hash.len
										  : DIGEST_BYTES)),
				       hash) == 0;
	return false;
}

static enum exit_code receipt_tell(const struct options *o, const json_t *answer)
{
	struct buffer stored = {0};
	struct journal_entry entry = {0};
	struct error e = {0};
	enum exit_code code = DONE;
	bool good = receipt_bytes(json_object_get(answer, "receipt"), &stored) &&
		    ok(journal_entry_decode(buffer_span(&stored), &entry, &e)) &&
		    receipt_covers(&entry, json_number(answer, "entry"), json_text(answer, "hash"));

	if (!good)
		code = fail(o, REFUSED, "the receipt is not one for entry %llu: do not rely on it",
			(unsigned long long)json_number(answer, "entry"));
	else if (!o->json)
		receipt_print(&entry);
	if (good && o->receipt && !ok(file_write(o->receipt, 0644, buffer_span(&stored), &e)))
		code = fail_with(o, REFUSED, &e);
	else if (good && o->receipt && !o->json)
		print_field("kept in", "%s", o->receipt);
	journal_entry_free(&entry);
	error_free(&e);
	buffer_free(&stored);
	return code;
}

/* The effect, less what its change tells line by line. */
static void what_print(const json_t *answer)
{
	const json_t *change = json_object_get(answer, "change");
	const char *effect = json_text(answer, "effect"), *words = json_text(change, "words");
	const char *at = *words ? strstr(effect, words) : NULL, *rest = at ? at + strlen(words) : "";

	change_print(change);
	if (at && strncmp(rest, "; ", 2) == 0)
		rest += 2;
	if (!at)
		print_field("what", "%s", effect);
	else if (at > effect || *rest)
		print_field("what", "%.*s%s", (int)(at - effect), effect, rest);
}

static void common_print(const struct order *order, const json_t *answer)
{
	if (*json_text(answer, "effect"))
		what_print(answer);
	print_field("who", "%s", order->who);
	if (*order->command.reason)
		print_field("reason", "%s", order->command.reason);
	if (json_number(answer, "entry"))
		print_field("journal", "entry %llu%s, hash %s",
			(unsigned long long)json_number(answer, "entry"),
			json_is_true(json_object_get(answer, "already")) ? " (was there already)" : "",
			json_text(answer, "hash"));
}

static void heading(const char *colour, const char *left, const char *right)
{
	printf("%s%s%s%s %s\n", colours()->bold, colour, left, colours()->plain, right);
}

static enum exit_code done_tell(const struct options *o, const struct order *order, const json_t *answer)
{
	enum exit_code code = DONE;
	bool receipt = json_is_object(json_object_get(answer, "receipt"));

	if (!o->json) {
		heading(colours()->good, order->heading, order->done);
		common_print(order, answer);
	}
	if (receipt)
		code = receipt_tell(o, answer);
	if (code == DONE && !o->json && order->next)
		printf("%s\n", order->next);
	return code;
}

static void waiting_print(const json_t *list)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		const char *detail = json_text(one, "detail");

		print_field(i == 0 ? "not yet on" : "", "publisher %lld of node %s, which is %s%s%s",
			(long long)json_number(one, "publisher"), json_text(one, "node"),
			json_text(one, "state"), *detail ? ": " : "", detail);
	}
}

static enum exit_code not_yet_tell(const struct options *o, const struct order *order, const json_t *answer)
{
	bool recorded = strcmp(json_text(answer, "outcome"), "recorded") == 0;

	if (o->json)
		return NOT_YET;
	if (recorded)
		heading(colours()->warn, order->heading, "is recorded, but NOT YET ENFORCED everywhere.");
	else
		heading(colours()->warn, order->heading,
			"is in force ON THIS NODE ONLY, and NOT RECORDED: Kafka is away.");
	common_print(order, answer);
	waiting_print(json_object_get(answer, "waiting_for"));
	if (recorded)
		puts("Fencing goes on by itself; until it is done reads may still be published. Look again "
		     "with:\n"
		     "  anprctl history");
	else
		puts("The gateway keeps your signed command and records it when Kafka is back. Other nodes "
		     "do not know of\n"
		     "it: if there are any, repeat this with --gateway naming them, and look again with: "
		     "anprctl status");
	return NOT_YET;
}

static const char *advice(const struct answer *answer)
{
	switch (answer->status) {
	case 403:
		return "\nWhat is agreed, and by whom: anprctl agreements. What is proposed: anprctl "
		       "proposals.";
	case 409:
		return "\nSomething was decided since you looked: see 'anprctl history', then decide again.";
	default:
		return "";
	}
}

static enum exit_code refused_tell(const struct options *o, const struct answer *answer)
{
	const char *why = json_text(answer->json, "error");
	enum exit_code code = answer->status >= 500 ? UNREACHABLE : REFUSED;

	if (answer->status == 0)
		return fail(o, UNREACHABLE, "nothing was done that anybody confirmed: %s", answer->trouble);
	if (!*why)
		return fail(o, code, "the gateway answered with status %u and no reason", answer->status);
	return fail(o, code, "%s: %s%s", code == REFUSED ? "refused" : "not confirmed", why,
		o->json ? "" : advice(answer));
}

/* An off is done when there is a receipt, and not before, whatever a node says. */
static enum exit_code no_receipt_tell(
	const struct options *o, const struct order *order, const json_t *answer)
{
	if (!o->json) {
		heading(colours()->warn, order->heading, "The gateway says it is done, but gave NO RECEIPT.");
		common_print(order, answer);
		puts("Do not rely on it before 'anprctl history' shows by which entry it was enforced.");
	}
	return NOT_YET;
}

enum exit_code outcome_tell(const struct options *o, const struct order *order, const struct answer *answer)
{
	const char *outcome = json_text(answer->json, "outcome");
	bool done = answer->status == 200 && strcmp(outcome, "done") == 0;

	if (answer->status != 200 && answer->status != 202)
		return refused_tell(o, answer);
	if (!done && strcmp(outcome, "recorded") != 0 && strcmp(outcome, "stopped_here") != 0)
		return fail(o, REFUSED, "the gateway's answer makes no sense: nothing is confirmed");
	if (o->json)
		json_show(answer->json);
	if (!done)
		return not_yet_tell(o, order, answer->json);
	if (order->narrows && !json_is_object(json_object_get(answer->json, "receipt")))
		return no_receipt_tell(o, order, answer->json);
	return done_tell(o, order, answer->json);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl receipt: what a receipt proves, checked without the gateway; and, where gateway or Kafka can be
 * asked, that the journal contains it.
 */
#include "gateway/base/file.h"
#include "gateway/base/pem.h"
#include "gateway/ctl/access.h"
#include "gateway/ctl/order.h"
#include "gateway/ctl/screen.h"
#include "gateway/ctl/trust.h"
#include "gateway/kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>

#define RECEIPT_MAX (1u << 20)
#define JOURNAL_MS  5000
#define KAFKA_MS    60000

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "node-key", "FILE", "the node's public key (PEM), where none is remembered",
		node_key),
	OPTION(OPTION_TEXT, "prefix", "TEXT",
		"what the names of the gateway's topics begin with, before 'anpr.'", prefix),
	{0},
};

/* What was found; words are for --json as well. */
struct finding {
	const char *signature; /* good, bad, unknown (no key of the node is known here) */
	const char *journal;   /* contains, differs, not_asked */
};

static bool signed_with(const struct journal_entry *entry, const char *hex)
{
	uint8_t key[32];

	return ok(hex_parse(span_text(hex), key, sizeof key)) &&
	       ok(node_verify(key, DOMAIN_JOURNAL,
		       span_of(entry->stored->entry.data, entry->stored->entry.len),
		       span_of(entry->stored->signature.data, entry->stored->signature.len)));
}

static const char *signature_find(const struct journal_entry *entry, const json_t *keys)
{
	const json_t *one;
	size_t i;

	json_array_foreach(keys, i, one)
	{
		const char *hex = json_string_value(one);
		if (hex && signed_with(entry, hex))
			return "good";
	}
	return json_array_size(keys) ? "bad" : "unknown";
}

static enum exit_code named_key(const struct options *o, json_t *keys)
{
	struct buffer pem = {0};
	struct error e = {0};
	uint8_t key[32];
	const char *why = NULL;

	if (!o->node_key)
		return DONE;
	if (!ok(file_read(o->node_key, RECEIPT_MAX, &pem, &e)))
		return fail_with(o, USAGE, &e);
	why = pem_public_key(buffer_span(&pem), key);
	buffer_free(&pem);
	if (why)
		return fail(o, USAGE, "%s: %s", o->node_key, why);
	json_array_clear(keys); /* this one and no other */
	json_array_append_new(keys, json_string(hex_format((char[65]){0}, span_of(key, sizeof key))));
	return DONE;
}

/* The entry itself, and that the entries it makes good say so too. */
static const char *history_find(const json_t *history, const struct journal_entry *entry)
{
	const Anpr__V1__Enforced *m = entry->body->enforced;
	const json_t *one;
	size_t i, good = 0;
	bool there = false;

	json_array_foreach(history, i, one)
	{
		uint64_t number = json_number(one, "number");
		there |= number == entry->body->sequence &&
			 strcmp(json_text(one, "hash"), DIGEST_TEXT(&entry->hash)) == 0;
		for (size_t k = 0; k < m->n_entries; k++)
			good += m->entries[k] == number &&
				json_number(one, "enforced_by") == entry->body->sequence;
	}
	return there && good == m->n_entries ? "contains" : "differs";
}

static enum exit_code gateway_ask(
	const struct options *o, const struct journal_entry *entry, struct finding *f)
{
	struct credentials c = {0};
	json_t *history;
	enum exit_code code = DONE;

	if (!o->gateway || !o->cert || !o->key || !o->ca)
		return DONE; /* checked offline, and says so */
	code = credentials_read(o, &c);
	history = code == DONE ? client_peek(o, &c, "/v1/history", JOURNAL_MS) : NULL;
	if (json_is_array(history))
		f->journal = history_find(history, entry);
	json_decref(history);
	credentials_free(&c);
	return code;
}

/* --- straight from Kafka --- */

struct search {
	const struct journal_entry *receipt;
	size_t named; /* of the entries it makes good, those met */
	bool there;
	struct digest previous; /* hash of the newest record; entries are chained by it */
};

static struct status look_at(void *context, const struct kafka_record *record)
{
	struct search *s = context;
	struct journal_entry entry = {0};
	const Anpr__V1__Enforced *m = s->receipt->body->enforced;
	const ProtobufCBinaryData *previous;

	/* What the journal's chain does not hold together is not in the journal. */
	if (!ok(journal_entry_decode(record->value, &entry, NULL)))
		return S_REFUSED;
	previous = &entry.body->previous_hash;
	if (entry.body->sequence > 1 && !span_equal(span_of(previous->data, previous->len),
						span_of(s->previous.v, sizeof s->previous.v))) {
		journal_entry_free(&entry);
		return S_REFUSED;
	}
	s->previous = entry.hash;
	s->there |= entry.body->sequence == s->receipt->body->sequence &&
		    digest_equal(&entry.hash, &s->receipt->hash);
	for (size_t i = 0; i < m->n_entries; i++)
		s->named += m->entries[i] == entry.body->sequence;
	journal_entry_free(&entry);
	return S_OK;
}

/* Where no gateway answers: the journal itself, from its beginning. */
static enum exit_code kafka_ask(const struct options *o, const struct journal_entry *entry, struct finding *f)
{
	struct search s = {.receipt = entry};
	struct access access = {0};
	struct error e = {0};
	struct status status;
	char topic[250];
	int64_t next;
	enum exit_code code = access_read(o, "anprctl-receipt", &access);

	snprintf(topic, sizeof topic, "%sanpr.journal", o->prefix ? o->prefix : "");
	if (code == DONE) {
		struct reading all = {topic, 0, READER_OLDEST, look_at, &s};

		status = reader_to_end(&access.config, &all, KAFKA_MS, &next, &e);
		if (ok(status) || (status.kind == STATUS_REFUSED && e.n == 0))
			f->journal = s.there && s.named == entry->body->enforced->n_entries ? "contains"
											    : "differs";
		else
			code = fail_with(o, UNREACHABLE, &e);
	}
	error_free(&e);
	access_free(&access);
	return code;
}

static json_t *numbers(const Anpr__V1__Enforced *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->n_entries; i++)
		json_array_append_new(list, json_integer((json_int_t)m->entries[i]));
	return list;
}

static void json_tell(const struct journal_entry *entry, const struct finding *f)
{
	const Anpr__V1__Enforced *m = entry->body->enforced;
	json_t *body = json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:o,s:I}", "signature", f->signature, "journal",
		f->journal, "node", entry->body->node, "entry", (json_int_t)entry->body->sequence, "hash",
		DIGEST_TEXT(&entry->hash), "time", CLOCK_TEXT((struct utc_ms){entry->body->time_ms}),
		"entries", numbers(m), "took_ms", (json_int_t)m->took_ms);

	json_show(body);
	json_decref(body);
}

static void words_tell(const struct journal_entry *entry, const struct finding *f)
{
	const Anpr__V1__Enforced *m = entry->body->enforced;

	receipt_print(entry);
	for (size_t i = 0; i < m->n_entries; i++)
		print_field(i == 0 ? "proves" : "", "entry %llu was in force on every node from then on",
			(unsigned long long)m->entries[i]);
	print_field("", "what it covers has no later number than those above, on any node");
	print_field("signature", "%s",
		strcmp(f->signature, "good") == 0 ? "good, by the node's key" : f->signature);
	print_field("journal", "%s",
		strcmp(f->journal, "contains") == 0 ? "contains it"
		: strcmp(f->journal, "differs") == 0
			? "DOES NOT CONTAIN IT"
			: "not asked: no gateway answered, or none was named; nor was Kafka, by "
			  "--kafka");
}

static enum exit_code verdict(
	const struct options *o, const struct journal_entry *entry, const struct finding *f)
{
	if (strcmp(f->signature, "bad") == 0)
		return fail(o, REFUSED,
			"the receipt is not signed by a key of node %s that is known here: do not rely on it",
			entry->body->node);
	if (strcmp(f->signature, "unknown") == 0)
		return fail(o, REFUSED,
			"no key of node %s is known here, so nothing is proved: name it with --node-key "
			"FILE, or "
			"decide anything once on that gateway, which remembers it",
			entry->body->node);
	if (strcmp(f->journal, "differs") == 0)
		return fail(o, REFUSED,
			"the node signed this receipt, but the journal does not contain it: the journal was "
			"cut or "
			"replaced; keep the receipt and tell your auditor");
	return DONE;
}

static enum exit_code check(const struct options *o, const struct journal_entry *entry)
{
	struct finding f = {.signature = "unknown", .journal = "not_asked"};
	json_t *keys = trust_keys(o, entry->body->node);
	enum exit_code code = named_key(o, keys);

	if (code == DONE) {
		f.signature = signature_find(entry, keys);
		code = gateway_ask(o, entry, &f);
	}
	if (code == DONE && o->kafka && strcmp(f.journal, "not_asked") == 0)
		code = kafka_ask(o, entry, &f);
	json_decref(keys);
	if (code != DONE)
		return code;
	if (o->json)
		json_tell(entry, &f);
	else
		words_tell(entry, &f);
	return verdict(o, entry, &f);
}

static enum exit_code receipt(struct options *o)
{
	struct buffer stored = {0};
	struct journal_entry entry = {0};
	struct error e = {0};
	enum exit_code code;

	if (!ok(file_read(o->arguments[0], RECEIPT_MAX, &stored, &e)))
		return fail_with(o, USAGE, &e);
	if (!ok(journal_entry_decode(buffer_span(&stored), &entry, &e)) ||
		entry.body->body_case != ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED)
		code = fail(o, REFUSED, "%s is no receipt%s%s", o->arguments[0], e.n ? ": " : "",
			e.n ? error_text(&e) : "");
	else
		code = check(o, &entry);
	error_free(&e);
	journal_entry_free(&entry);
	buffer_free(&stored);
	return code;
}

const struct verb verb_receipt = {
	.name = "receipt",
	.arguments = "FILE [--node-key FILE] [--kafka BROKERS ...]",
	.summary = "check a receipt, and that the journal contains it",
	.help = "Checks a receipt that `off --receipt FILE` (or withdraw, propose) kept: that a node of the "
		"gateway signed\n"
		"it, and what it says. The node's key is the one remembered from that gateway, or one you "
		"name. If "
		"the\n"
		"gateway answers, also that its journal contains the receipt and the entries it is about. "
		"Where it does\n"
		"not, the journal is read straight from Kafka, if you may and name it. Without either it "
		"works "
		"offline,\n"
		"and says that it did.\n"
		"\n"
		"  anprctl receipt incident-42.receipt\n"
		"  anprctl receipt incident-42.receipt --node-key signing.pub --json\n"
		"  anprctl receipt incident-42.receipt --kafka localhost:9093 --kafka-ca ca.pem --kafka-cert "
		"iris.pem --kafka-key iris.key\n",
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {connection_options, kafka_options},
	.run = receipt,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * What was found wrong: the first of each kind exactly, the others as a count.
 */
#include "gateway/verify/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name, *meaning;
} kinds[OFFENCE_COUNT] = {
	[OFFENCE_NONE] = {"none", ""},
	[OFFENCE_JOURNAL] = {"journal_broken", "A journal entry does not follow the one before, is not "
					       "signed by a node, or its author had no right "
					       "to it. Nothing after it can be relied upon."},
	[OFFENCE_DOCUMENT] = {"document_missing", "A text that the journal names by its hash is not there."},
	[OFFENCE_HEAD] = {"head_lost", "The journal does not contain an entry that was seen in it before: it "
				       "was cut off or replaced."},
	[OFFENCE_TRUST_ROOT] = {"trust_root_replaced",
		"The journal names another certificate authority for an organisation than its own."},
	[OFFENCE_LEDGER] = {"ledger_broken", "A ledger record does not follow the one before it."},
	[OFFENCE_STATEMENT] = {"ledger_replaced", "A node signed the hash of a ledger record that is not in "
						  "the ledger: the ledger was rewritten."},
	[OFFENCE_UNSIGNED] = {"statement_unsigned", "An account that no node of this gateway signed."},
	[OFFENCE_TOTALS] = {"totals_wrong",
		"A ledger record's counts do not add up, or not to what it published."},
	[OFFENCE_ACCOUNT] = {"account_wrong",
		"An hour's account differs from the ledger records of that hour."},
	[OFFENCE_ACCOUNT_MISSING] = {"account_missing",
		"Reads that the ledger counts in an hour are in no signed account of it."},
	[OFFENCE_VERSION] = {"policy_version_wrong",
		"Decided under a policy version that the journal has not, or older than the one before it."},
	[OFFENCE_READ_ADDED] = {"read_added", "A read on the topic that no ledger record accounts for."},
	[OFFENCE_READ_ALTERED] = {"read_altered", "A read on the topic is not what was published there."},
	[OFFENCE_READ_MISSING] = {"read_missing", "A read that was published is not on the topic."},
	[OFFENCE_READ_AFTER_OFF] = {"read_after_off",
		"A read appended after an off had been enforced, decided under an older policy version."},
	[OFFENCE_READ_OTHER_VERSION] = {"read_other_version",
		"A read is stamped with another policy version than the ledger record that published it."},
	[OFFENCE_READ_NOT_PERMITTED] = {"read_not_permitted",
		"The policy version stamped on a read does not permit it."},
	[OFFENCE_READ_NOT_AS_AGREED] = {"read_not_as_agreed",
		"A read that was permitted holds other fields, purposes or dates than its agreement allows."},
};

const char *offence_name(enum offence_kind kind)
{
	return kinds[kind].name;
}

const char *offence_meaning(enum offence_kind kind)
{
	return kinds[kind].meaning;
}

void offence_add(struct verification *v, enum offence_kind kind, const char *where, const char *format, ...)
{
	struct offence *o = &v->offences[kind];
	va_list arguments;

	if (o->n++ > 0)
		return;
	o->where = memory_text(where);
	va_start(arguments, format);
	if (vasprintf(&o->what, format, arguments) < 0)
		o->what = memory_text("?");
	va_end(arguments);
}

const struct offence *verification_offence(const struct verification *v, enum offence_kind kind)
{
	return v->offences[kind].n > 0 ? &v->offences[kind] : NULL;
}

bool verification_clean(const struct verification *v)
{
	for (int kind = 0; kind < OFFENCE_COUNT; kind++)
		if (v->offences[kind].n > 0)
			return false;
	return true;
}

void offences_free(struct verification *v)
{
	for (int kind = 0; kind < OFFENCE_COUNT; kind++) {
		free(v->offences[kind].where);
		free(v->offences[kind].what);
	}
}

const char *place_format(char to[PLACE_BYTES], const char *topic, int32_t partition, int64_t offset)
{
	snprintf(to, PLACE_BYTES, "%s partition %d offset %lld", topic, (int)partition, (long long)offset);
	return to;
}

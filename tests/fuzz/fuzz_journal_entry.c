/* SPDX-License-Identifier: Apache-2.0
 *
 * A value of the journal topic that need not be an entry: what is taken has the form that is promised, one
 * hash, and no second way to be written.
 */
#include "gateway/record/decode.h"
#include "gateway/record/form.h"
#include "gateway/record/record.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct journal_entry *entry, struct span value)
{
	struct buffer again = {0};

	NEVER(!ok(message_encode(&entry->stored->base, &again)));
	NEVER(again.n != value.n);
	buffer_free(&again);
	NEVER(!ok(message_encode(&entry->body->base, &again)));
	NEVER(again.n != entry->stored->entry.len);
	buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct journal_entry entry;
	struct error e = {0};
	struct digest zero = {{0}};
	struct status s = journal_entry_decode(span_of(bytes, n), &entry, &e);

	NEVER(s.kind != STATUS_OK && s.kind != STATUS_BAD_INPUT);
	NEVER(ok(s) != (e.n == 0));
	if (ok(s)) {
		struct digest hash = digest_of(span_binary(entry.stored->entry));

		NEVER(!digest_equal(&hash, &entry.hash));
		NEVER(entry.body->sequence == 0 || !form_id(entry.body->node));
		NEVER(ok(journal_entry_follows(&entry, entry.body->sequence, &zero, NULL)));
		check_again(&entry, span_of(bytes, n));
	}
	journal_entry_free(&entry);
	error_free(&e);
	return 0;
}

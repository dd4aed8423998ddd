/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy of any version: the journal is walked along behind the reads, which come very nearly in the
 * order of their versions, and walked from the start again where one is older than what is still at hand.
 */
#include "gateway/verify/internal.h"

#include <stdlib.h>

/* Entries were found right when they were taken in; they are here as well. */
static bool walk(struct verification *v, uint64_t version)
{
	if (v->walking && governance_sequence(v->walking) > version) {
		governance_free(v->walking);
		v->walking = NULL;
	}
	if (!v->walking)
		v->walking = governance_new(v->documents);
	while (v->walking && governance_sequence(v->walking) < version) {
		const struct kept_entry *kept = &v->entries[governance_sequence(v->walking)];
		struct journal_entry entry = {0};
		bool taken = ok(journal_entry_decode(buffer_span(&kept->value), &entry, NULL)) &&
			     ok(governance_apply(v->walking, &entry, NULL));

		journal_entry_free(&entry);
		if (!taken)
			return false;
	}
	return v->walking != NULL;
}

static struct compiled *oldest_use(struct verification *v)
{
	struct compiled *found = &v->compiled[0];

	for (size_t i = 1; i < CACHED; i++)
		if (v->compiled[i].used < found->used)
			found = &v->compiled[i];
	return found;
}

const struct policy_snapshot *policy_of(struct verification *v, uint64_t version, struct utc_ms at)
{
	struct compiled *c;

	if (version == 0 || version > v->n_entries)
		return NULL;
	for (size_t i = 0; i < CACHED; i++) {
		if (v->compiled[i].version == version) {
			v->compiled[i].used = ++v->uses;
			return v->compiled[i].snapshot;
		}
	}
	c = oldest_use(v);
	snapshot_release(c->snapshot);
	*c = (struct compiled){.version = version, .used = ++v->uses};
	if (!walk(v, version) || !ok(governance_snapshot(v->walking, at, &c->snapshot)))
		c->snapshot = NULL;
	return c->snapshot;
}

void policies_free(struct verification *v)
{
	for (size_t i = 0; i < CACHED; i++)
		snapshot_release(v->compiled[i].snapshot);
	governance_free(v->walking);
}

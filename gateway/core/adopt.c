/* SPDX-License-Identifier: Apache-2.0
 *
 * A publisher's partners: who they are by the journal, under which policy, and the sockets of their sources.
 */
#include "gateway/core/publisher_internal.h"

#include <stdlib.h>
#include <unistd.h>

struct partner *publisher_partner(struct publisher *p, struct span id)
{
	for (size_t i = 0; i < p->n_partners; i++)
		if (span_is(id, p->partners[i]->id))
			return p->partners[i];
	return NULL;
}

struct adoption {
	struct publisher *p;
	struct status status;
};

static void adopt_offs(struct publisher *p, const struct governance *g)
{
	for (size_t i = 0; i < p->n_partners; i++) {
		struct utc_ms since;
		uint64_t off = governance_newest_off(g, p->partners[i]->id, clock_now(), &since);

		partner_off(p->partners[i], off, since);
	}
}

/* Partners that hash to this publisher, as far as not known yet. */
static void adopt_partners(void *context, const struct governance *g)
{
	struct adoption *a = context;
	struct publisher *p = a->p;
	const struct governance_partner *list;
	size_t n = governance_partners(g, &list);

	for (size_t i = 0; i < n && ok(a->status); i++) {
		struct span id = span_text(list[i].id);
		struct partner **grown, *fresh = NULL, *known;

		if (murmur2_partition(id, p->options.count) != p->options.index)
			continue;
		if ((known = publisher_partner(p, id))) {
			known->clock_bound_ms = list[i].clock_bound_ms; /* it may have been agreed anew */
			continue;
		}
		grown = reallocarray(NULL, p->n_partners + 1, sizeof *grown);
		a->status = grown ? partner_new(list[i].id, list[i].clock_bound_ms, &fresh) : S_OVERLOAD;
		if (!ok(a->status)) {
			free(grown);
			partner_free(fresh);
			return;
		}
		if (p->n_partners > 0)
			memcpy(grown, p->partners, p->n_partners * sizeof *grown);
		grown[p->n_partners] = fresh;
		pthread_mutex_lock(&p->lock);
		atomic_store(&fresh->held, holds_of(p->options.holds, fresh->id));
		free(p->partners);
		p->partners = grown;
		p->n_partners++;
		pthread_mutex_unlock(&p->lock);
	}
	adopt_offs(p, g);
}

struct status adopt_policy(struct publisher *p)
{
	struct policy_snapshot *fresh = journal_snapshot(p->options.journal);
	struct adoption a = {p, S_OK};

	snapshot_release(p->snapshot);
	p->snapshot = fresh;
	REQUIRE(fresh, S_WAIT);
	journal_look(p->options.journal, adopt_partners, &a);
	return a.status;
}

/* --- their sources' sockets --- */

void publisher_attach(struct publisher *p, const char *partner, int fd)
{
	struct attachment *a = calloc(1, sizeof *a);

	if (!a || !(a->partner = strdup(partner))) {
		free(a);
		close(fd);
		return;
	}
	a->fd = fd;
	pthread_mutex_lock(&p->lock);
	a->next = p->attachments;
	p->attachments = a;
	pthread_mutex_unlock(&p->lock);
	publisher_wake(p);
}

void adopt_attachments(struct publisher *p)
{
	struct attachment **at = &p->attachments, *a;

	pthread_mutex_lock(&p->lock);
	while ((a = *at)) {
		struct partner *partner = publisher_partner(p, span_text(a->partner));

		if (!partner) { /* not in the journal yet: keep it */
			at = &a->next;
			continue;
		}
		*at = a->next;
		partner_attach(partner, a->fd);
		free(a->partner);
		free(a);
	}
	pthread_mutex_unlock(&p->lock);
}

void adopt_free(struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++)
		partner_free(p->partners[i]);
	free(p->partners);
	while (p->attachments) {
		struct attachment *a = p->attachments;

		p->attachments = a->next;
		close(a->fd);
		free(a->partner);
		free(a);
	}
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * One read as it stands on a topic: whether it may stand at this place, and whether the policy it says it was
 * decided under does permit it, to this topic, with just these fields. Nothing of its content is told.
 */
#include "gateway/verify/internal.h"

#include "proto/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What the checks of one read share. */
struct checked {
	struct verification *v;
	struct stream *stream;
	const struct verify_record *record;
	struct shared_read shared;
	const char *partner, *where;
};

__attribute__((format(printf, 3, 4))) static void tell(
	const struct checked *c, enum offence_kind kind, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	offence_add(c->v, kind, c->where, "%s", text ? text : "?");
	free(text);
}

static void check_place(const struct checked *c)
{
	char key[2 * READ_CAMERA_MAX + 2];
	const struct shared_read *s = &c->shared;
	int n = snprintf(key, sizeof key, "%s/%.*s", c->partner, (int)s->read.camera_id.n,
		(const char *)s->read.camera_id.p);

	if (n < 0 || !span_equal(c->record->key, span_text(key)))
		tell(c, OFFENCE_READ_NOT_AS_AGREED, "its key is not its partner and camera");
	else if (murmur2_partition(c->record->key, (uint32_t)c->stream->partitions) !=
		 (uint32_t)c->stream->partition)
		tell(c, OFFENCE_READ_NOT_AS_AGREED, "it belongs to another partition by its key");
	else if (c->record->timestamp_ms != s->published_at.v)
		tell(c, OFFENCE_READ_NOT_AS_AGREED, "its record's time is not when it was published");
}

static const struct permit *permit_of(const struct decision *d, const struct checked *c)
{
	for (unsigned i = 0; i < d->n; i++)
		if (span_equal(c->shared.agreement_id, span_text(d->permits[i].feed->agreement->id)) &&
			strcmp(d->permits[i].feed->topic, c->stream->topic) == 0)
			return &d->permits[i];
	return NULL;
}

/* Made again from what it holds, it must be the same to the byte. */
static bool is_minimal(const struct checked *c, const struct decision *d, const struct permit *permit)
{
	struct verification *v = c->v;
	struct shared_read again = c->shared;
	char normalised[VRM_BYTES];

	policy_minimise(permit, d->camera, &c->shared.read, &again.read);
	again.purposes = permit->feed->purposes;
	again.n_purposes = permit->feed->n_purposes;
	again.keep_until.v = c->shared.published_at.v + permit->feed->keep_for_ms;
	again.vrm_normalised = (struct span){0};
	if (again.read.kind == READ_KIND_VRM)
		again.vrm_normalised = vrm_normalise(again.read.vrm, normalised);
	again.camera_name = span_text(d->camera ? d->camera->name : "");
	again.camera_area = span_text(d->camera ? d->camera->area : "");
	v->message.n = 0;
	return ok(shared_read_encode(&again, &v->message)) &&
	       span_equal(buffer_span(&v->message), c->record->value);
}

static void decide_again(const struct checked *c)
{
	const struct policy_snapshot *policy =
		policy_of(c->v, c->shared.policy_version, c->shared.published_at);
	const struct permit *permit;
	struct decision d = {0};

	if (!policy) {
		tell(c, OFFENCE_VERSION,
			"it is stamped with policy version %llu; the journal verifies up to %zu",
			(unsigned long long)c->shared.policy_version, c->v->n_entries);
		return;
	}
	policy_decide(snapshot_partner(policy, c->shared.partner_id), &c->shared.read, c->shared.received_at,
		c->shared.published_at, &d);
	permit = permit_of(&d, c);
	if (d.verdict != VERDICT_PERMIT)
		tell(c, OFFENCE_READ_NOT_PERMITTED, "policy version %llu denies it: %s",
			(unsigned long long)c->shared.policy_version, reason_name(d.reason));
	else if (!permit)
		tell(c, OFFENCE_READ_NOT_PERMITTED,
			"policy version %llu permits it, but not under this agreement here",
			(unsigned long long)c->shared.policy_version);
	else if (!is_minimal(c, &d, permit))
		tell(c, OFFENCE_READ_NOT_AS_AGREED,
			"it holds something else than its agreement allows, or in another form");
}

static void check_partner(struct checked *c)
{
	uint32_t publisher = publisher_of(c->v, c->shared.partner_id);
	struct recent met = {c->shared.policy_version, publisher, c->record->offset, c->record->offset};
	uint64_t demanded = bounds_demand(&c->stream->bounds, &met);
	struct trail *trail;

	check_place(c);
	if (c->shared.policy_version < demanded)
		tell(c, OFFENCE_READ_AFTER_OFF,
			"decided under policy version %llu; by here an enforced entry demanded version %llu",
			(unsigned long long)c->shared.policy_version, (unsigned long long)demanded);
	decide_again(c);
	trail = trail_of(c->v, c->partner, c->stream->topic);
	shelf_put(c->v, trail, c->stream, c->record, c->shared.sequence, c->shared.partition_sequence,
		c->shared.policy_version);
}

static bool partner_known(const struct verification *v, struct span partner)
{
	const struct governance_partner *partners;
	size_t n = governance_partners(v->whole, &partners);

	for (size_t i = 0; i < n; i++)
		if (span_equal(partner, span_text(partners[i].id)))
			return true;
	return false;
}

void read_check(struct verification *v, struct stream *s, const struct verify_record *record)
{
	struct checked c = {.v = v,
		.stream = s,
		.record = record,
		.where = PLACE(s->topic, s->partition, record->offset)};

	v->figures.reads++;
	if (!ok(shared_read_decode(record->value, &v->arena, &c.shared)))
		tell(&c, OFFENCE_READ_ADDED, "it is no shared read");
	else if (!partner_known(v, c.shared.partner_id))
		tell(&c, OFFENCE_READ_ADDED, "it names a partner that the journal does not know");
	else if ((c.partner = arena_text(&v->arena, c.shared.partner_id)))
		check_partner(&c);
	arena_reset(&v->arena);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * One partner compiled: how far back, which agreements and registers matter, what was off.
 */
#include "policy/compile.h"

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Bounds and ages come from checked texts, but nothing here may overflow whatever they are. */
static int64_t less(int64_t a, int64_t b)
{
	int64_t v;

	return __builtin_sub_overflow(a, b, &v) ? INT64_MIN + 1 : v;
}

static int64_t horizon(const struct policy_partner_input *in, struct utc_ms now)
{
	int64_t age = 0, bound = in->clock_bound_ms;

	for (size_t i = 0; i < in->n_agreements; i++) {
		age = larger(age, in->agreements[i].agreement->max_age_ms);
		bound = larger(bound, in->agreements[i].agreement->clock_bound_ms);
	}
	return less(less(less(less(now.v, POLICY_REACH_MS), age), bound), bound);
}

static int64_t version_end(const struct policy_agreement_version *v)
{
	int64_t ended = v->ended.v ? v->ended.v : INT64_MAX;

	return ended < v->agreement->until.v ? ended : v->agreement->until.v;
}

/* Registers in force at the horizon or since: each ends where the next begins. */
static struct status registers_keep(struct compile *c)
{
	const struct policy_register_version *in = c->in->registers;
	size_t n = c->in->n_registers, first = 0;
	struct policy_register_version *kept;

	while (first + 1 < n && in[first + 1].from.v <= c->horizon)
		first++;
	kept = arena_alloc(c->keep, (n - first + 1) * sizeof *kept);
	REQUIRE(kept, S_OVERLOAD);
	for (size_t i = first; i < n; i++) {
		kept[i - first] = in[i];
		register_hold(in[i].cameras);
	}
	c->registers = c->out->registers = kept;
	c->n_registers = c->out->n_registers = n - first;
	c->out->cameras = n ? in[n - 1].cameras : NULL;
	return S_OK;
}

static struct feed_build *feed_of(struct compile *c, const char *id)
{
	for (size_t i = 0; i < c->n_feeds; i++) {
		if (strcmp(c->feeds[i].newest->id, id) == 0)
			return &c->feeds[i];
	}
	return &c->feeds[c->n_feeds];
}

/* Versions gathered by agreement, in order of first appearance. */
static struct status feeds_gather(struct compile *c)
{
	c->feeds = arena_alloc(c->scratch, (c->in->n_agreements + 1) * sizeof *c->feeds);
	REQUIRE(c->feeds, S_OVERLOAD);
	for (size_t i = 0; i < c->in->n_agreements; i++) {
		const struct policy_agreement_version *version = &c->in->agreements[i];
		struct feed_build *f = feed_of(c, version->agreement->id);

		c->n_feeds += f == &c->feeds[c->n_feeds];
		f->newest = version->agreement;
		f->bound =
			larger(f->bound, larger(c->in->clock_bound_ms, version->agreement->clock_bound_ms));
		if (version->ended.v && version->ended.v <= c->horizon) {
			f->had_earlier = true;
			continue;
		}
		if (f->n_versions == VERSIONS_MAX) {
			for (f->n_versions = 0; f->n_versions < VERSIONS_MAX - 1; f->n_versions++)
				f->versions[f->n_versions] = f->versions[f->n_versions + 1];
			f->had_earlier = true;
		}
		f->versions[f->n_versions++] = version;
	}
	return S_OK;
}

/* Whether all there is to say of it since the horizon is that it has expired. */
static bool feed_is_over(const struct compile *c, const struct feed_build *f)
{
	for (uint32_t v = 0; v < f->n_versions; v++) {
		if (f->versions[v]->agreed.v > c->horizon || version_end(f->versions[v]) > c->horizon)
			return false;
	}
	return true;
}

/* Drop the agreements that were over before the horizon. */
static void feeds_sift(struct compile *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_feeds; i++) {
		if (feed_is_over(c, &c->feeds[i]))
			c->out->had_agreement = true;
		else
			c->feeds[n++] = c->feeds[i];
	}
	c->n_feeds = n;
}

static struct status feed_publish(struct compile *c, struct feed_build *f, unsigned index)
{
	const struct agreement *a = agreement_hold(f->newest);
	struct limits *limits = arena_alloc(c->keep, f->n_versions * sizeof *limits);

	f->out->policy = (struct feed_policy){
		.agreement = a,
		.purposes = (const char *const *)a->purposes,
		.n_purposes = a->n_purposes,
		.topic = a->topic,
		.keep_for_ms = a->keep_for_ms,
		.index = index,
	};
	REQUIRE(limits, S_OVERLOAD);
	for (uint32_t v = 0; v < f->n_versions; v++) {
		const struct agreement *version = f->versions[v]->agreement;

		limits[v] =
			(struct limits){version->max_age_ms, version->max_future_ms, version->min_confidence};
	}
	f->out->limits = limits;
	return S_OK;
}

static struct status feeds_publish(struct compile *c, struct utc_ms now)
{
	struct partner_policy *out = c->out;

	out->feeds = arena_alloc(c->keep, (c->n_feeds + 1) * sizeof *out->feeds);
	out->listed = arena_alloc(c->keep, (c->n_feeds + 1) * sizeof(struct feed_policy *));
	REQUIRE(out->feeds && out->listed, S_OVERLOAD);
	for (size_t i = 0; i < c->n_feeds; i++) {
		struct feed_build *f = &c->feeds[i];

		f->out = &out->feeds[out->n_feeds++];
		TRY(feed_publish(c, f, (unsigned)i));
		TRY(feed_prepare(c, f));
		if (version_end(f->versions[f->n_versions - 1]) > now.v)
			out->listed[out->n_listed++] = &f->out->policy;
	}
	return S_OK;
}

/* What was off at the horizon or since, as far as a clock bound may carry it. */
static struct status offs_keep(struct compile *c)
{
	size_t n, kept = 0;
	int64_t bound = c->in->clock_bound_ms;

	TRY(offs_make(c->in->switches, c->in->n_switches, c->scratch, &c->offs, &n));
	for (size_t i = 0; i < c->n_feeds; i++)
		bound = larger(bound, c->feeds[i].bound);
	for (size_t i = 0; i < n; i++) {
		if (c->offs[i].until > less(c->horizon, bound) && c->offs[i].from != OFF_FOR_EVER)
			c->offs[kept++] = c->offs[i];
	}
	c->n_offs = kept;
	return S_OK;
}

struct status partner_compile(const struct policy_partner_input *in, struct utc_ms now, struct arena *keep,
	struct partner_policy *out)
{
	struct arena scratch CLEANUP(arena_free) = {.max = SIZE_MAX};
	struct arena passing CLEANUP(arena_free) = {.max = SIZE_MAX};
	struct compile c = {.keep = keep,
		.scratch = &scratch,
		.passing = &passing,
		.in = in,
		.out = out,
		.horizon = horizon(in, now)};

	out->horizon = c.horizon;
	out->id = arena_text(keep, span_text(in->partner));
	REQUIRE(out->id, S_OVERLOAD);
	TRY(registers_keep(&c));
	TRY(feeds_gather(&c));
	feeds_sift(&c);
	TRY(offs_keep(&c));
	TRY(feeds_publish(&c, now));
	TRY(ends_compile(&c, now));
	return profiles_compile(&c);
}

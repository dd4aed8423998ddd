/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of cases out of its YAML. What it says of agreements and rules is compared with them by whoever has
 * read those.
 */
#include "gateway/text/cases.h"

#include "gateway/text/fields.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define KEY(type, key, must, reader, member, ...)                                                            \
	{                                                                                                    \
		.name = key, .required = must, .read = reader, .offset = offsetof(struct type, member),      \
		__VA_ARGS__                                                                                  \
	}
#define N(type, member) .n_offset = offsetof(struct type, member)

#define CASES_MAX    5000
#define FILES_MAX    32
#define SWITCHES_MAX 1000
#define PERMITS_MAX  FEEDS_MAX

static const struct duration_range period_range = {1000, INT64_C(3660) * 86400 * 1000};
static const struct duration_range after_range = {0, INT64_C(3660) * 86400 * 1000};
static const struct number_range share_range = {0, 1};

static yaml_read read_files, read_turn, read_switches, read_moment, read_kind, read_confidence, read_defaults,
	read_read, read_deny, read_permit, read_drop, read_cases;

static const struct yaml_key file_keys[] = {
	KEY(case_file, "file", true, read_text, file),
	KEY(case_file, "agreed", false, read_time, at),
	KEY(case_file, "withdrawn", false, read_time, ended),
};
static const struct yaml_key register_keys[] = {
	KEY(case_file, "file", true, read_text, file),
	KEY(case_file, "from", false, read_time, at),
};
static const struct yaml_key switch_keys[] = {
	KEY(case_switch, "at", true, read_time, at),
	KEY(case_switch, "turn", true, read_turn, turn),
	KEY(case_switch, "side", true, read_id, side),
	KEY(case_switch, "agreement", false, read_id, agreement),
	KEY(case_switch, "rule", false, read_id, rule),
	KEY(case_switch, "class", false, read_words, classes, .of = words_class),
	KEY(case_switch, "cameras", false, read_texts, cameras, N(case_switch, n_cameras)),
	KEY(case_switch, "for", false, read_duration, for_ms, .of = &period_range),
};
static const struct yaml_key read_keys[] = {
	KEY(case_read, "camera", false, read_text, camera),
	KEY(case_read, "captured", false, read_time, captured),
	KEY(case_read, "arrived", false, read_moment, arrived),
	KEY(case_read, "published", false, read_moment, published),
	KEY(case_read, "kind", false, read_kind, kind),
	KEY(case_read, "confidence", false, read_confidence, confidence),
	KEY(case_read, "images", false, read_words, images, .of = words_class),
};
static const struct yaml_key permit_keys[] = {
	KEY(case_permit, "agreement", false, read_id, agreement),
	KEY(case_permit, "rule", false, read_id, rule),
	KEY(case_permit, "share", false, read_words, share, .of = words_class),
	KEY(case_permit, "drop", false, read_drop, drop, .of = words_drop),
};
static const struct yaml_key case_keys[] = {
	KEY(policy_case, "name", true, read_text, name),
	KEY(policy_case, "read", true, read_read, read),
	KEY(policy_case, "switches", false, read_switches, switches, N(policy_case, n_switches)),
	KEY(policy_case, "permit", false, read_permit, permits),
	KEY(policy_case, "deny", false, read_deny, deny),
};
static const struct yaml_key cases_keys[] = {
	KEY(cases, "organisation", false, read_id, organisation),
	KEY(cases, "agreements", true, read_files, agreements, N(cases, n_agreements), .of = file_keys),
	KEY(cases, "registers", true, read_files, registers, N(cases, n_registers), .of = register_keys),
	KEY(cases, "switches", false, read_switches, switches, N(cases, n_switches)),
	KEY(cases, "defaults", false, read_defaults, defaults),
	KEY(cases, "cases", true, read_cases, cases, N(cases, n_cases)),
};

/* --- the past --- */

/* A file's name, or a map of it and times. */
static void file_read_one(struct yaml *y, int node, struct case_file *out, const struct yaml_key *key)
{
	bool is_agreement = key->of == file_keys;

	out->line = yaml_line(y, node);
	if (yaml_is_map(y, node))
		yaml_map(y, node, out, key->of, is_agreement ? COUNT(file_keys) : COUNT(register_keys));
	else
		read_text(y, node, &out->file, key);
	if (out->ended.v && out->ended.v <= out->at.v)
		yaml_complain(y, node, "'withdrawn' is not after 'agreed'");
}

static void read_files(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	size_t *n_out = (size_t *)((char *)key->map + key->n_offset);
	const int *items = &node;
	size_t n = yaml_is_list(y, node) ? yaml_items(y, node, &items) : 1;
	struct case_file *files;

	if (n == 0 || n > FILES_MAX) {
		yaml_complain(y, node, "'%s' needs 1 to %d files", key->name, FILES_MAX);
		return;
	}
	*(struct case_file **)to = files = yaml_alloc(y, n, sizeof *files);
	*n_out = files ? n : 0;
	for (size_t i = 0; i < *n_out; i++) {
		file_read_one(y, items[i], &files[i], key);
		if (i > 0 && files[i].at.v < files[i - 1].at.v)
			yaml_complain(y, items[i], "'%s' are not in the order of their times", key->name);
	}
}

static void read_turn(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	enum switch_position *out = to;
	struct span text;

	(void)key;
	if (!yaml_text(y, node, &text))
		return;
	*out = span_is(text, "on") ? SWITCH_ON : span_is(text, "off") ? SWITCH_OFF : SWITCH_UNSPECIFIED;
	if (*out == SWITCH_UNSPECIFIED)
		yaml_complain(y, node, "'turn' is on or off");
}

static void read_switches(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	size_t *n_out = (size_t *)((char *)key->map + key->n_offset);
	const int *items;
	size_t n = yaml_items(y, node, &items);
	struct case_switch *switches;

	if (n > SWITCHES_MAX) {
		yaml_complain(y, node, "more than %d switches", SWITCHES_MAX);
		return;
	}
	*(struct case_switch **)to = switches = yaml_alloc(y, n, sizeof *switches);
	*n_out = switches ? n : 0;
	for (size_t i = 0; i < *n_out; i++) {
		switches[i].line = yaml_line(y, items[i]);
		yaml_map(y, items[i], &switches[i], switch_keys, COUNT(switch_keys));
		if (i > 0 && switches[i].at.v < switches[i - 1].at.v)
			yaml_complain(y, items[i], "'%s' are not in the order of their times", key->name);
	}
}

/* --- a read --- */

static void read_moment(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct case_moment *out = to;
	struct utc_ms at;
	struct span text;

	if (!yaml_text(y, node, &text))
		return;
	if (ok(clock_parse(text, &at))) {
		*out = (struct case_moment){MOMENT_AT, at.v};
		return;
	}
	out->kind = MOMENT_AFTER;
	if (!duration_take(text, &out->ms) || out->ms > after_range.high)
		yaml_complain(y, node,
			"'%s' is neither a time with an offset nor a duration, such as 90s or 36h",
			key->name);
}

static void read_kind(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	enum read_kind *out = to;
	const struct word *word = words_kind;
	struct span text;

	(void)key;
	if (!yaml_text(y, node, &text))
		return;
	while (word->name && !span_is(text, word->name))
		word++;
	if (word->name)
		*out = (enum read_kind)__builtin_ctz(word->bit);
	else
		yaml_complain(y, node, "'kind' is vrm, hashed_tag or no_plate");
}

static void read_confidence(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct case_read *read = key->map;
	struct yaml_key number = *key;
	struct span text;

	if (!yaml_text(y, node, &text))
		return;
	if (span_is(text, "none")) {
		read->has_confidence = CONFIDENCE_NONE;
		return;
	}
	read->has_confidence = CONFIDENCE_IS;
	number.of = &share_range;
	read_number(y, node, to, &number);
}

static void read_defaults(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	(void)key;
	yaml_map(y, node, to, read_keys, COUNT(read_keys));
}

/* What it says by itself; cases_complete fills in the rest. */
static void read_read(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct policy_case *c = key->map;

	yaml_map(y, node, to, read_keys, COUNT(read_keys));
	c->camera = c->read.camera;
}

/* --- what is expected --- */

static void read_deny(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	enum reason *out = to;
	struct span text;

	(void)key;
	if (!yaml_text(y, node, &text))
		return;
	for (int i = REASON_NO_AGREEMENT; i < REASON_COUNT; i++) {
		if (span_is(text, reason_name((enum reason)i)))
			*out = (enum reason)i;
	}
	if (*out == REASON_UNSPECIFIED)
		yaml_complain(y, node, "'deny' is none of the reasons; 'anprctl policy --help' lists them");
	else if (*out == REASON_DUPLICATE)
		yaml_complain(y, node, "a case is one read by itself: that it is a duplicate cannot be seen");
}

/* An empty list is something to expect, too: every field goes along. */
static void read_drop(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct case_permit *permit = key->map;
	const int *items;

	permit->looks_at_drop = true;
	if (!yaml_is_list(y, node) || yaml_items(y, node, &items) > 0)
		read_words(y, node, to, key);
}

/* A rule's name, or a map. */
static void permit_read(struct yaml *y, int node, struct case_permit *out)
{
	out->line = yaml_line(y, node);
	if (!yaml_is_map(y, node)) {
		read_id(y, node, &out->rule, &(struct yaml_key){.name = "permit"});
		return;
	}
	yaml_map(y, node, out, permit_keys, COUNT(permit_keys));
}

static void read_permit(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct policy_case *c = key->map;
	const int *items = &node;
	size_t n = yaml_is_list(y, node) ? yaml_items(y, node, &items) : 1;

	(void)to;
	if (n == 0 || n > PERMITS_MAX) {
		yaml_complain(y, node, "'permit' needs 1 to %d agreements", PERMITS_MAX);
		return;
	}
	c->permits = yaml_alloc(y, n, sizeof *c->permits);
	c->n_permits = c->permits ? n : 0;
	for (size_t i = 0; i < c->n_permits; i++) {
		permit_read(y, items[i], &c->permits[i]);
		if (n > 1 && !c->permits[i].agreement)
			yaml_complain(y, items[i], "where several agreements permit, each is named");
	}
}

static void read_cases(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct cases *all = key->map;
	const int *items;
	size_t n = yaml_items(y, node, &items);

	(void)to;
	if (n == 0 || n > CASES_MAX) {
		yaml_complain(y, node, "'cases' needs 1 to %d items", CASES_MAX);
		return;
	}
	all->cases = yaml_alloc(y, n, sizeof *all->cases);
	all->n_cases = all->cases ? n : 0;
	for (size_t i = 0; i < all->n_cases; i++) {
		struct policy_case *c = &all->cases[i];

		c->line = yaml_line(y, items[i]);
		yaml_map(y, items[i], c, case_keys, COUNT(case_keys));
		if (yaml_is_map(y, items[i]) && (yaml_at(y, items[i], "permit") == items[i]) ==
							(yaml_at(y, items[i], "deny") == items[i]))
			yaml_complain(y, items[i], "a case expects either 'permit' or 'deny'");
	}
}

/* --- the whole --- */

static void read_complete(struct case_read *read, const struct case_read *defaults)
{
	if (!read->camera)
		read->camera = defaults->camera;
	if (!read->captured.v)
		read->captured = defaults->captured;
	if (!read->arrived.kind)
		read->arrived = defaults->arrived;
	if (!read->published.kind)
		read->published = defaults->published;
	if (!read->kind)
		read->kind = defaults->kind ? defaults->kind : READ_KIND_VRM;
	if (!read->images)
		read->images = defaults->images;
	if (!read->has_confidence) {
		read->has_confidence = defaults->has_confidence;
		read->confidence = defaults->confidence;
	}
}

/* Defaults may stand after the cases, so they are filled in at the end. */
static void cases_complete(struct yaml *y, struct cases *all)
{
	const int *items;
	int list = yaml_at(y, yaml_root(y), "cases");
	size_t n = all->n_cases > 0 ? yaml_items(y, list, &items) : 0;

	for (size_t i = 0; i < all->n_cases && i < n; i++) {
		struct policy_case *c = &all->cases[i];

		read_complete(&c->read, &all->defaults);
		if (!c->read.camera)
			yaml_complain(y, items[i], "neither the read nor 'defaults' has a 'camera'");
		if (!c->read.captured.v)
			yaml_complain(y, items[i], "neither the read nor 'defaults' has a 'captured'");
		for (size_t k = 0; k < i && c->name; k++) {
			if (all->cases[k].name && strcmp(all->cases[k].name, c->name) == 0)
				yaml_complain(y, items[i], "another case has this name, line %zu",
					all->cases[k].line);
		}
	}
}

struct status cases_parse(struct span text, const char *name, struct cases *out, struct error *e)
{
	struct yaml y CLEANUP(yaml_close) = {.name = name, .error = e};

	*out = (struct cases){0};
	TRY(yaml_open(&y, text));
	yaml_map(&y, yaml_root(&y), out, cases_keys, COUNT(cases_keys));
	REQUIRE(!y.overload, S_OVERLOAD);
	cases_complete(&y, out);
	return y.bad ? S_BAD_INPUT : S_OK;
}

static void switches_free(struct case_switch *switches, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(switches[i].side);
		free(switches[i].agreement);
		free(switches[i].rule);
		for (size_t k = 0; k < switches[i].n_cameras; k++)
			free(switches[i].cameras[k]);
		free(switches[i].cameras);
	}
	free(switches);
}

static void files_free(struct case_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(files[i].file);
	free(files);
}

static void case_fini(struct policy_case *c)
{
	free(c->name);
	free(c->camera);
	switches_free(c->switches, c->n_switches);
	for (size_t i = 0; i < c->n_permits; i++) {
		free(c->permits[i].agreement);
		free(c->permits[i].rule);
	}
	free(c->permits);
}

void cases_free(struct cases *c)
{
	free(c->organisation);
	files_free(c->agreements, c->n_agreements);
	files_free(c->registers, c->n_registers);
	switches_free(c->switches, c->n_switches);
	free(c->defaults.camera);
	for (size_t i = 0; i < c->n_cases; i++)
		case_fini(&c->cases[i]);
	free(c->cases);
	*c = (struct cases){0};
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl policy test: runs the cases written beside agreements and says which did not come out as expected,
 * and why. Asks nobody.
 */
#include "gateway/ctl/policy_test.h"

#include "gateway/ctl/policy_world.h"
#include "gateway/ctl/screen.h"
#include "gateway/text/fields.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct tally {
	const struct options *o;
	json_t *list; /* of cases, with --json */
	size_t n, failed;
};

/* --- words --- */

static void words_say(struct buffer *out, const char *what, const struct word *words, unsigned bits)
{
	bool first = true;

	for (; bits && words->name; words++) {
		if (!(bits & words->bit))
			continue;
		if (!ok(buffer_format(out, "%s%s", first ? what : " ", words->name)))
			return;
		first = false;
	}
}

__attribute__((format(printf, 2, 3))) static void say(struct buffer *out, const char *format, ...)
{
	char text[1200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (!ok(buffer_append_text(out, text)))
		abort();
}

static void expected_say(const struct policy_case *c, struct buffer *out)
{
	if (c->n_permits == 0)
		say(out, "deny %s", reason_name(c->deny));
	for (size_t i = 0; i < c->n_permits; i++) {
		const struct case_permit *p = &c->permits[i];

		say(out, "%spermit%s%s%s%s", i ? "; " : "", p->agreement ? " under " : "",
			p->agreement ? p->agreement : "", p->rule ? " by rule " : "", p->rule ? p->rule : "");
		words_say(out, ", sharing ", words_class, p->share);
		words_say(out, ", without ", words_drop, p->drop);
		if (p->looks_at_drop && !p->drop)
			say(out, ", with every field");
	}
}

/* The rules of that agreement that permit, " a b". */
static void rules_say(const struct asked *a, const char *agreement, struct buffer *out)
{
	for (size_t i = 0; i < a->n_rules; i++) {
		if (a->rules[i].reason == REASON_UNSPECIFIED && strcmp(a->rules[i].agreement, agreement) == 0)
			say(out, " %s", a->rules[i].rule);
	}
}

static void got_say(const struct asked *a, struct buffer *out)
{
	if (a->verdict == VERDICT_DENY)
		say(out, "deny %s", reason_name(a->reason));
	for (unsigned i = 0; i < a->n_permits; i++) {
		say(out, "%spermit under %s by rule", i ? "; " : "", a->permits[i].agreement);
		rules_say(a, a->permits[i].agreement, out);
		words_say(out, ", sharing ", words_class, a->permits[i].classes);
		words_say(out, ", without ", words_drop, a->permits[i].drop);
	}
}

static void rule_say(const struct asked_rule *r, struct buffer *out)
{
	say(out, "%s of %s: %s", r->rule, r->agreement,
		r->reason == REASON_UNSPECIFIED ? "permits" : reason_name(r->reason));
	if (r->hours)
		say(out, " (shares %s)", r->hours);
}

/* The rules that cover the camera, those that permit first, then by how far the read got; of the others how
 * many there are. */
static void why_print(const struct asked *a)
{
	struct buffer text = {0};
	size_t others = 0;

	for (int step = REASON_COUNT; step > 0; step--) {
		for (size_t i = 0; i < a->n_rules; i++) {
			if (!a->rules[i].covers || (int)a->rules[i].reason != step % REASON_COUNT)
				continue;
			text.n = 0;
			rule_say(&a->rules[i], &text);
			print_field("rule", "%s", buffer_text(&text));
		}
	}
	for (size_t i = 0; i < a->n_rules; i++)
		others += !a->rules[i].covers;
	if (others > 0)
		print_field(others == a->n_rules ? "rules" : "others",
			others == 1 ? "%zu rule does not cover the camera"
				    : "%zu rules do not cover the camera",
			others);
	if (a->n_rules == 0)
		print_field("rules", "no agreement has begun that is not over");
	buffer_free(&text);
}

/* --- whether it came out as expected --- */

static bool rule_permits(const struct asked *a, const char *agreement, const char *rule)
{
	for (size_t i = 0; i < a->n_rules; i++) {
		if (strcmp(a->rules[i].agreement, agreement) == 0 && strcmp(a->rules[i].rule, rule) == 0)
			return a->rules[i].reason == REASON_UNSPECIFIED;
	}
	return false;
}

static bool permit_matches(const struct asked *a, const struct case_permit *want)
{
	for (unsigned i = 0; i < a->n_permits; i++) {
		const struct asked_permit *got = &a->permits[i];

		if (want->agreement && strcmp(got->agreement, want->agreement) != 0)
			continue;
		return (!want->rule || rule_permits(a, got->agreement, want->rule)) &&
		       (!want->share || got->classes == want->share) &&
		       (!want->looks_at_drop || got->drop == want->drop);
	}
	return false;
}

static bool matches(const struct asked *a, const struct policy_case *c)
{
	bool good = a->n_permits == c->n_permits;

	if (c->n_permits == 0)
		return a->verdict == VERDICT_DENY && a->reason == c->deny;
	for (size_t i = 0; i < c->n_permits; i++)
		good = good && permit_matches(a, &c->permits[i]);
	return good;
}

/* --- showing --- */

static json_t *words_json(const struct word *words, unsigned bits)
{
	json_t *list = json_array();

	for (; words->name; words++) {
		if (bits & words->bit)
			json_array_append_new(list, json_string(words->name));
	}
	return list;
}

static json_t *rule_json(const struct asked_rule *r)
{
	bool permits = r->reason == REASON_UNSPECIFIED;

	return json_pack("{s:s,s:s,s:b,s:b,s:o}", "agreement", r->agreement, "rule", r->rule, "covers",
		r->covers, "permits", permits, "reason",
		permits ? json_null() : json_string(reason_name(r->reason)));
}

static json_t *case_json(
	const struct policy_world *w, const struct policy_case *c, const struct asked *a, bool good)
{
	struct buffer expected = {0};
	json_t *permits = json_array(), *rules = json_array(), *out;

	expected_say(c, &expected);
	for (unsigned i = 0; i < a->n_permits; i++)
		json_array_append_new(
			permits, json_pack("{s:s,s:o,s:o}", "agreement", a->permits[i].agreement, "share",
					 words_json(words_class, a->permits[i].classes), "drop",
					 words_json(words_drop, a->permits[i].drop)));
	for (size_t i = 0; i < a->n_rules; i++)
		json_array_append_new(rules, rule_json(&a->rules[i]));
	out = json_pack("{s:s,s:s,s:I,s:b,s:s,s:s,s:o,s:o,s:o}", "file", w->path, "case", c->name, "line",
		(json_int_t)c->line, "passed", good, "expected", buffer_text(&expected), "verdict",
		a->verdict == VERDICT_PERMIT ? "permit" : "deny", "reason",
		a->verdict == VERDICT_PERMIT ? json_null() : json_string(reason_name(a->reason)), "permits",
		permits, "rules", rules);
	buffer_free(&expected);
	return out;
}

static void failure_print(
	const struct policy_world *w, const struct policy_case *c, const struct asked *a, const char *trouble)
{
	struct buffer text = {0};

	printf("%s%s:%zu: not as expected:%s ", colours()->bad, w->path, c->line, colours()->plain);
	print_plain(c->name);
	putchar('\n');
	expected_say(c, &text);
	print_field("expected", "%s", buffer_text(&text));
	text.n = 0;
	got_say(a, &text);
	print_field("got", "%s", trouble ? trouble : buffer_text(&text));
	if (!trouble)
		why_print(a);
	buffer_free(&text);
}

/* Rules that no case has seen permit a read: nobody has shown that they share anything. */
struct seen {
	const char *agreement, *rule;
	bool permits;
};

static void seen_add(struct seen *seen, size_t n, const struct asked *a)
{
	for (size_t i = 0; i < n; i++)
		seen[i].permits = seen[i].permits || rule_permits(a, seen[i].agreement, seen[i].rule);
}

static struct seen *seen_new(const struct policy_world *w, size_t *n)
{
	struct seen *seen;
	size_t all = 0;

	*n = 0;
	for (size_t i = 0; i < w->in.n_agreements; i++)
		all += w->agreements[i].agreement->n_rules;
	seen = calloc(all + 1, sizeof *seen);
	for (size_t i = 0; seen && i < w->in.n_agreements; i++) {
		const struct agreement *a = w->agreements[i].agreement;

		for (size_t r = 0; !w->agreements[i].ended.v && r < a->n_rules; r++)
			seen[(*n)++] = (struct seen){a->id, a->rules[r].name, false};
	}
	return seen;
}

static void seen_print(const struct policy_world *w, const struct seen *seen, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!seen[i].permits)
			printf("%s%s: note:%s no case shows that rule %s of %s shares anything\n",
				colours()->warn, w->path, colours()->plain, seen[i].rule, seen[i].agreement);
	}
}

/* --- running --- */

static void case_run(struct policy_world *w, const struct policy_case *c, struct tally *t, struct seen *seen,
	size_t n_seen)
{
	struct asked a;
	bool asked = ok(policy_world_ask(w, c, &a)), good = asked && matches(&a, c);

	t->n++;
	t->failed += !good;
	if (asked)
		seen_add(seen, n_seen, &a);
	if (t->list)
		json_array_append_new(t->list, case_json(w, c, &a, good));
	else if (!good)
		failure_print(w, c, &a, asked ? NULL : "out of memory");
}

static enum exit_code file_run(const char *path, struct tally *t)
{
	struct policy_world w;
	struct error e = {0};
	enum exit_code code = DONE;

	if (ok(policy_world_read(path, &w, &e))) {
		size_t n;
		struct seen *seen = seen_new(&w, &n);

		for (size_t i = 0; seen && i < w.cases.n_cases; i++)
			case_run(&w, &w.cases.cases[i], t, seen, n);
		if (!t->list && seen)
			seen_print(&w, seen, n);
		free(seen);
		error_free(&e);
	} else {
		code = fail_with(t->o, REFUSED, &e);
	}
	policy_world_free(&w);
	return code;
}

enum exit_code policy_test(struct options *o, const char **paths, size_t n)
{
	struct tally t = {.o = o, .list = o->json ? json_array() : NULL};
	enum exit_code code = DONE;

	for (size_t i = 0; i < n && code == DONE; i++)
		code = file_run(paths[i], &t);
	if (t.list && code == DONE) {
		json_t *all = json_pack("{s:I,s:I,s:O}", "cases", (json_int_t)t.n, "failed",
			(json_int_t)t.failed, "results", t.list);

		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else if (code == DONE) {
		printf("%s%zu of %zu cases as expected.%s\n", t.failed ? colours()->bad : colours()->good,
			t.n - t.failed, t.n, colours()->plain);
	}
	json_decref(t.list);
	return code == DONE && t.failed > 0 ? REFUSED : code;
}

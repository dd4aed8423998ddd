/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl off, anprctl on: this side's own switches.
 */
#include "gateway/ctl/order.h"

#include "gateway/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATTERNS_MAX   20000
#define LIST_BYTES_MAX (2u << 20)

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "reason", "TEXT", "why; kept in the journal (needed)", reason),
	OPTION(OPTION_FLAG, "all", NULL, "every partner", all),
	OPTION(OPTION_TEXTS, "agreement", "A", "only under this agreement", agreements),
	OPTION(OPTION_TEXT, "rule", "R", "only by this rule of the agreement", rule),
	OPTION(OPTION_TEXTS, "cameras", "GLOB|FILE",
		"only these: a pattern, or a file with one a line; again for more", cameras),
	OPTION(OPTION_TEXT, "area", "LABEL", "only cameras of this area of the register", area),
	OPTION(OPTION_TEXT, "class", "C", "only this class of data: read, plate_patch or overview", class),
	OPTION(OPTION_TEXT, "for", "TIME", "for so long, such as 90m, 12h or 7d", period),
	OPTION(OPTION_TEXT, "receipt", "FILE", "keep the receipt's signed bytes in FILE", receipt),
	{0},
};

static bool period_parse(const char *text, uint64_t *ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || n == 0 || n > 1000000)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (strcmp(end, units[i].unit) == 0) {
			*ms = n * units[i].ms;
			return true;
		}
	return false;
}

static bool class_parse(const char *text, Anpr__V1__DataClass *class)
{
	static const char *const words[] = {"", "read", "plate_patch", "overview"};

	for (int i = 1; i < 4; i++)
		if (strcmp(text, words[i]) == 0) {
			*class = (Anpr__V1__DataClass)i;
			return true;
		}
	return false;
}

struct patterns {
	char **items; /* owned */
	size_t n;
};

static bool pattern_add(struct patterns *p, const char *text, size_t n)
{
	char **items;

	if (n == 0 || p->n == PATTERNS_MAX)
		return n == 0;
	items = reallocarray(p->items, p->n + 1, sizeof *items);
	if (!items)
		return false;
	p->items = items;
	p->items[p->n] = strndup(text, n);
	return p->items[p->n++] != NULL;
}

/* A line each; spaces around and lines that begin with # do not count. */
static bool pattern_file(struct patterns *p, const char *path, struct error *e)
{
	struct buffer text = {0};
	bool good = ok(file_read(path, LIST_BYTES_MAX, &text, e));

	for (const char *line = good ? buffer_text(&text) : ""; good && *line;) {
		size_t whole = strcspn(line, "\n"), from = strspn(line, " \t\r"), to = whole;
		while (to > from && strchr(" \t\r", line[to - 1]))
			to--;
		if (from < to && line[from] != '#')
			good = pattern_add(p, line + from, to - from);
		line += whole + (line[whole] == '\n');
	}
	buffer_free(&text);
	return good;
}

static enum exit_code patterns_read(const struct options *o, struct patterns *p)
{
	struct error e = {0};

	for (size_t i = 0; i < o->cameras.n; i++) {
		const char *text = o->cameras.items[i];
		bool good = access(text, F_OK) == 0 ? pattern_file(p, text, &e)
						    : pattern_add(p, text, strlen(text));
		if (!good && e.n)
			return fail_with(o, USAGE, &e);
		if (!good)
			return fail(o, USAGE, "more than %d camera patterns, or out of memory", PATTERNS_MAX);
	}
	if (o->cameras.n > 0 && p->n == 0)
		return fail(o, USAGE, "--cameras names no camera: without it all are meant");
	return DONE;
}

static void patterns_free(struct patterns *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->items[i]);
	free(p->items);
}

static char *text_or_empty(const char *text)
{
	return (char *)(text ? text : "");
}

/* Which switch, from the options. */
static enum exit_code switch_fill(const struct options *o, Anpr__V1__SetSwitch *s)
{
	if (o->all == (o->n_arguments == 1))
		return fail(o, USAGE, o->all ? "either a partner or --all" : "which partner? (or --all)");
	if (o->agreements.n > 1)
		return fail(o, USAGE, "one agreement at a time");
	if (o->rule && o->agreements.n == 0)
		return fail(o, USAGE, "--rule needs --agreement: rules belong to agreements");
	if (o->class && !class_parse(o->class, &s->data_class))
		return fail(o, USAGE, "--class is read, plate_patch or overview");
	if (o->period && !period_parse(o->period, &s->for_ms))
		return fail(o, USAGE, "--for takes a time such as 90m, 12h or 7d");
	s->partner = text_or_empty(o->all ? NULL : o->arguments[0]);
	s->agreement = text_or_empty(o->agreements.n ? o->agreements.items[0] : NULL);
	s->rule = text_or_empty(o->rule);
	return DONE;
}

static enum exit_code turn(struct options *o, Anpr__V1__SwitchPosition position, struct order *order)
{
	Anpr__V1__SetSwitch set = ANPR__V1__SET_SWITCH__INIT;
	Anpr__V1__CameraSelector selector = ANPR__V1__CAMERA_SELECTOR__INIT;
	struct patterns patterns = {0};
	enum exit_code code = order_reason(o, order);

	if (code == DONE)
		code = switch_fill(o, &set);
	if (code == DONE)
		code = patterns_read(o, &patterns);
	set.position = position;
	selector.patterns = patterns.items;
	selector.n_patterns = patterns.n;
	selector.area = text_or_empty(o->area);
	if (patterns.n > 0 || o->area)
		set.cameras = &selector;
	order->command.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	order->command.set_switch = &set;
	if (code == DONE)
		code = order_send(o, order);
	order->command.set_switch = NULL;
	patterns_free(&patterns);
	return code;
}

static enum exit_code off(struct options *o)
{
	struct order order = ORDER_INIT;

	order.narrows = true;
	order.heading = "Off.";
	order.done = "Nothing it covers is published any more, by any node.";
	return turn(o, ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF, &order);
}

static enum exit_code on(struct options *o)
{
	struct order order = ORDER_INIT;

	order.heading = "On.";
	order.done = "This side's switch is on. A read is shared where the other side's is too.";
	return turn(o, ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON, &order);
}

const struct verb verb_off = {
	.name = "off",
	.arguments = "PARTNER|--all [--agreement A [--rule R]] [--cameras GLOB|FILE] [--area LABEL] [--class "
		     "C] [--for TIME] --reason TEXT",
	.summary = "stop sharing, at once; gives a receipt",
	.help = "Turns your own side's switch off over what you name. It needs nobody else, is never refused "
		"as\n"
		"stale, and comes back with a signed receipt once no node can publish a covered read any "
		"more:\n"
		"usually well within a second. If Kafka is away the gateway stops by itself and says so "
		"(exit 4).\n"
		"\n"
		"  anprctl off tfl-ulez --reason \"Camera works at Vauxhall\"\n"
		"  anprctl off tfl-ulez --agreement TFL-MPS-2026-01 --rule inner-ring --reason \"Review\" "
		"--for 12h\n"
		"  anprctl off tfl-ulez --cameras 'ULEZ-00*' --reason \"Misaligned\"\n"
		"  anprctl off tfl-ulez --class overview --reason \"DPIA under review\"\n"
		"  anprctl off --all --reason \"Incident 42\" --receipt incident-42.receipt\n"
		"\n"
		"--for ends the off by itself. An off never shortens another: each is turned on again by an "
		"`on` that\n"
		"names the same.\n",
	.options = options,
	.max_arguments = 1,
	.common = {connection_options},
	.run = off,
};

const struct verb verb_on = {
	.name = "on",
	.arguments = "PARTNER|--all ...the same as for off... --reason TEXT",
	.summary = "your own side's switch back on, inside what is agreed",
	.help = "Turns your own side's switch on again, over exactly what an `off` named. It shares nothing "
		"by itself:\n"
		"a read is shared where an agreement in force permits it and both sides' switches are on.\n"
		"\n"
		"  anprctl on tfl-ulez --reason \"Works are over\"\n"
		"  anprctl on tfl-ulez --agreement TFL-MPS-2026-01 --reason \"Go live\"\n"
		"  anprctl on tfl-ulez --cameras 'ULEZ-00*' --reason \"Realigned\" --for 7d\n"
		"\n"
		"A new agreement begins off on both sides, so each side turns its own on to go live. What "
		"was captured\n"
		"while it was off stays unshared.\n",
	.options = options,
	.max_arguments = 1,
	.common = {connection_options},
	.run = on,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * Decides what standard input says, so that another program can compare: registers, agreements and switches
 * are given one a line, then reads, each answered by one line. Fields are separated by tabs, times are UTC
 * milliseconds; an empty field is 'none'.
 *
 *   partner   ID ORGANISATION CLOCK_BOUND_MS
 *   register  FROM PATH
 *   agreement AGREED ENDED REGISTER PATH       rules resolved on that register, counted from 0
 *   switch    AT UNTIL POSITION SIDE AGREEMENT RULE CLASSES CAMERAS    CAMERAS: `*` or sorted ids and commas
 *   compile   NOW
 *   read      CAMERA CAPTURED KIND CONFIDENCE HAS_PATCH HAS_OVERVIEW RECEIVED NOW LOCAL
 *             LOCAL: 1 = CAPTURED is local time as if it were UTC
 *   on        NOW
 *   reset
 */
#include "gateway/base/arena.h"
#include "gateway/base/file.h"
#include "gateway/text/text.h"
#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELDS 11
#define MANY   4096

static struct {
	struct arena arena;
	struct policy_partner_input in;
	struct policy_register_version registers[MANY];
	struct policy_agreement_version agreements[MANY];
	struct switch_event switches[MANY];
	struct policy_snapshot *snapshot;
} the;

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "decide_cli: %s\n", what);
	exit(2);
}

static const char *kept(const char *text)
{
	return *text ? arena_text(&the.arena, span_text(text)) : NULL;
}

static int64_t number(const char *text)
{
	return *text ? strtoll(text, NULL, 10) : 0;
}

static struct buffer file_of(const char *path)
{
	struct buffer b = {0};

	require(ok(file_read(path, 64u << 20, &b, NULL)), path);
	return b;
}

static void do_partner(char **f)
{
	the.in.partner = kept(f[1]);
	the.in.organisation = kept(f[2]);
	the.in.clock_bound_ms = number(f[3]);
	the.in.registers = the.registers;
	the.in.agreements = the.agreements;
	the.in.switches = the.switches;
}

static void do_register(char **f)
{
	struct buffer b CLEANUP(buffer_free) = file_of(f[2]);
	struct error e = {0};
	struct camera_register *r = NULL;

	require(the.in.n_registers < MANY, "too many registers");
	if (!ok(register_parse(buffer_span(&b), f[2], &r, &e)))
		require(false, error_text(&e));
	the.registers[the.in.n_registers++] = (struct policy_register_version){{number(f[1])}, r};
}

static void do_agreement(char **f)
{
	struct buffer b CLEANUP(buffer_free) = file_of(f[4]);
	struct error e = {0};
	struct agreement *a = NULL;
	struct schedule *s = NULL;

	require(the.in.n_agreements < MANY, "too many agreements");
	if (!ok(agreement_parse(buffer_span(&b), f[4], &a, &e)))
		require(false, error_text(&e));
	require(ok(schedule_resolve(a, the.registers[number(f[3])].cameras, &s)), "schedule");
	the.agreements[the.in.n_agreements++] = (struct policy_agreement_version){
		.agreed = {number(f[1])}, .ended = {number(f[2])}, .agreement = a, .schedule = s};
}

static const char **cameras_of(char *list, size_t *n)
{
	const char **ids = arena_alloc(&the.arena, (strlen(list) + 1) * sizeof *ids);

	require(ids, "memory");
	for (char *id; *list && (id = strsep(&list, ","));) {
		ids[(*n)++] = kept(id);
		if (!list)
			break;
	}
	return ids;
}

static void do_switch(char **f)
{
	struct switch_event *event = &the.switches[the.in.n_switches];
	static const struct {
		const char *name;
		enum switch_position position;
	} positions[] = {{"off", SWITCH_OFF}, {"on", SWITCH_ON}, {"unspecified", SWITCH_UNSPECIFIED}};

	require(the.in.n_switches < MANY, "too many switches");
	*event = (struct switch_event){
		.at = {number(f[1])}, .until = {number(f[2])}, .position = (enum switch_position)9};
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(f[3], positions[i].name) == 0)
			event->position = positions[i].position;
	}
	event->key = (struct switch_key){.side = kept(f[4]), .agreement = kept(f[5]), .rule = kept(f[6])};
	event->key.classes = (unsigned)number(f[7]);
	if (strcmp(f[8], "*") != 0)
		event->key.cameras = cameras_of(f[8], &event->key.n_cameras);
	event->entry = ++the.in.n_switches;
}

static void do_compile(char **f)
{
	snapshot_release(the.snapshot);
	the.snapshot = NULL;
	require(ok(snapshot_compile(&the.in, 1, 1, (struct utc_ms){number(f[1])}, &the.snapshot)), "compile");
}

static void print_permits(const struct decision *d)
{
	printf("permit");
	for (unsigned i = 0; i < d->n; i++)
		printf(" %s:%u", d->permits[i].feed->agreement->id, d->permits[i].classes);
	printf("%s\n", d->class_dropped ? " dropped" : "");
}

static bool decide(const struct read *read, struct utc_ms received, struct utc_ms now, struct decision *d)
{
	const struct partner_policy *p = snapshot_partner(the.snapshot, span_text(the.in.partner));
	struct read resolved;

	if (read->local)
		return policy_decide_local(p, read, received, now, &resolved, d);
	policy_decide(p, read, received, now, d);
	return true;
}

static void do_read(char **f)
{
	struct read read = {
		.camera_id = span_text(f[1]), .captured_at = {number(f[2])}, .vrm = span_text("AB12CDE")};
	struct decision d;

	read.kind = (enum read_kind)number(f[3]);
	if (*f[4]) {
		read.has |= READ_HAS_CONFIDENCE;
		read.confidence = strtod(f[4], NULL);
	}
	if (number(f[5]))
		read.plate_patch = span_text("patch");
	if (number(f[6]))
		read.overview = span_text("overview");
	read.local = number(f[9]) != 0;
	if (!decide(&read, (struct utc_ms){number(f[7])}, (struct utc_ms){number(f[8])}, &d))
		puts("bad_timestamp");
	else if (d.verdict == VERDICT_PERMIT)
		print_permits(&d);
	else
		printf("deny %s\n", reason_name(d.reason));
}

static void do_on(char **f)
{
	const struct partner_policy *p = snapshot_partner(the.snapshot, span_text(the.in.partner));
	struct utc_ms now = {number(f[1])};

	printf("on %d %zu\n", partner_policy_any_on(p, now), partner_policy_cameras_on(p, now));
}

static void do_reset(char **f)
{
	(void)f;
	snapshot_release(the.snapshot);
	the.snapshot = NULL;
	for (size_t i = 0; i < the.in.n_registers; i++)
		register_release((struct camera_register *)the.registers[i].cameras);
	for (size_t i = 0; i < the.in.n_agreements; i++) {
		agreement_release((struct agreement *)the.agreements[i].agreement);
		schedule_release((struct schedule *)the.agreements[i].schedule);
	}
	the.in = (struct policy_partner_input){0};
	arena_free(&the.arena);
}

static const struct {
	const char *name;
	void (*run)(char **fields);
} commands[] = {{"partner", do_partner}, {"register", do_register}, {"agreement", do_agreement},
	{"switch", do_switch}, {"compile", do_compile}, {"read", do_read}, {"on", do_on},
	{"reset", do_reset}};

static void line_run(char *line)
{
	char *fields[FIELDS];

	line[strcspn(line, "\n")] = 0;
	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = line ? strsep(&line, "\t") : (char *)"";
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(fields[0], commands[i].name) == 0) {
			commands[i].run(fields);
			return;
		}
	}
	require(false, "no such command");
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0)
		line_run(line);
	free(line);
	do_reset(NULL);
	return fflush(stdout) == 0 ? 0 : 2;
}

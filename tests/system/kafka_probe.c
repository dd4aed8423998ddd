/* SPDX-License-Identifier: Apache-2.0
 *
 * kafka_probe: gateway/kafka against a real broker. Prints what it measured; exit 1 if anything was not as
 * promised.
 *
 * usage: kafka_probe BROKERS PKI [--broker DIR] [CASE ...]
 *   PKI     a folder of deploy/pki/make; --cert NAME says whose certificate (default: kafka)
 *   --broker DIR   a folder of deploy/kafka/broker, or one of a cluster's: only then the cases that kill and
 * freeze are run, those for one broker or for several
 */
#include "tests/system/kafka_probe.h"

#include "gateway/base/file.h"
#include "gateway/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Whether a case hurts the broker, and needs it to be the only one or one of several; or is hurt itself, by
 * whoever asked for it by name. */
enum hurts { HURTS_NOT, HURTS_ONE, HURTS_SEVERAL, IS_HURT };

static const struct {
	const char *name;
	probe_case *run;
	enum hurts hurts;
} cases[] = {
	{"cluster", case_cluster, HURTS_NOT},
	{"rights", case_rights, HURTS_NOT},
	{"commit", case_commit, HURTS_NOT},
	{"latency", case_latency, HURTS_NOT},
	{"throughput", case_throughput, HURTS_NOT},
	{"abort", case_abort, HURTS_NOT},
	{"misuse", case_misuse, HURTS_NOT},
	{"oversize", case_oversize, HURTS_NOT},
	{"fence-idle", case_fence_idle, HURTS_NOT},
	{"fence-flight", case_fence_flight, HURTS_NOT},
	{"fence-race", case_fence_race, HURTS_NOT},
	{"zombie", case_zombie, IS_HURT},
	{"end", case_end, HURTS_NOT},
	{"long", case_long, HURTS_NOT},
	{"held", case_held, HURTS_NOT},
	{"trimmed", case_trimmed, HURTS_NOT},
	{"follow", case_follow, HURTS_NOT},
	{"append-time", case_append_time, HURTS_NOT},
	{"nobody", case_nobody, HURTS_NOT},
	{"nodes", case_nodes, HURTS_NOT},
	{"nodes-frozen", case_nodes_frozen, HURTS_ONE},
	{"killed", case_killed, HURTS_ONE},
	{"frozen-commit", case_frozen_commit, HURTS_ONE},
	{"frozen-fence", case_frozen_fence, HURTS_ONE},
	{"frozen-read", case_frozen_read, HURTS_ONE},
	{"one-frozen", case_one_frozen, HURTS_SEVERAL},
	{"one-killed", case_one_killed, HURTS_SEVERAL},
};
#define CASES (sizeof cases / sizeof *cases)

bool probe_check(struct probe *p, bool good, const char *format, ...)
{
	va_list arguments;

	if (good)
		return true;
	p->failures++;
	printf("    NOT SO: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("%s%s\n", p->e.n ? " | " : "", error_text(&p->e));
	error_free(&p->e);
	return false;
}

void probe_note(const char *format, ...)
{
	va_list arguments;

	printf("    ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

double probe_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void probe_broker(struct probe *p, const char *what)
{
	char command[1024];

	snprintf(command, sizeof command, "'%s' %s --dir '%s' >/dev/null", p->broker_tool, what,
		p->broker_dir);
	probe_check(p, system(command) == 0, "%s failed", command);
}

const char *probe_status(struct status status)
{
	static const char *const names[] = {
		"FAULT", "OK", "WAIT", "BAD_INPUT", "RETRY", "OVERLOAD", "REFUSED"};

	return names[status.kind];
}

static const char *pem(const char *pki, const char *name, const char *ending)
{
	struct buffer text = {0};
	struct error e = {0};
	char path[512], *copy;

	snprintf(path, sizeof path, "%s/%s.%s", pki, name, ending);
	if (!ok(file_read(path, 1 << 20, &text, &e))) {
		fprintf(stderr, "%s\n", error_text(&e));
		exit(2);
	}
	copy = strdup(buffer_text(&text));
	buffer_free(&text);
	return copy;
}

struct kafka_config probe_as(struct probe *p, const char *name)
{
	static const char *kept[64]; /* so that a leak check sees who still holds them */
	static size_t n;
	struct kafka_config as = {.brokers = p->kafka.brokers, .client_id = "kafka-probe"};

	as.ca_pem = kept[n++] = pem(p->pki, "ca", "pem");
	as.cert_pem = kept[n++] = pem(p->pki, name, "pem");
	as.key_pem = kept[n++] = pem(p->pki, name, "key");
	return as;
}

static bool wanted(int n, char **names, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return n == 0;
}

static bool can_run(const struct probe *p, enum hurts hurts, bool named)
{
	bool several = strchr(p->kafka.brokers, ',') != NULL;

	if (hurts == IS_HURT)
		return named;
	return hurts == HURTS_NOT || (p->broker_dir && several == (hurts == HURTS_SEVERAL));
}

static void run(struct probe *p, int n, char **names)
{
	for (size_t i = 0; i < CASES; i++) {
		int before = p->failures;
		double begun = probe_now_ms();

		if (!wanted(n, names, cases[i].name) || !can_run(p, cases[i].hurts, n > 0))
			continue;
		printf("%s\n", cases[i].name);
		cases[i].run(p);
		printf("  %s %s (%.0f ms)\n", p->failures == before ? "ok" : "FAILED", cases[i].name,
			probe_now_ms() - begun);
		fflush(stdout);
		error_free(&p->e);
	}
}

int main(int n, char **arguments)
{
	struct probe p = {.broker_tool = "deploy/kafka/broker"};
	const char *who = "kafka";
	int at = 3;

	if (n < 3) {
		fprintf(stderr, "usage: kafka_probe BROKERS PKI [--cert NAME] [--broker DIR] [CASE ...]\n");
		return 2;
	}
	for (; at + 1 < n && arguments[at][0] == '-'; at += 2) {
		if (strcmp(arguments[at], "--broker") == 0)
			p.broker_dir = arguments[at + 1];
		else
			who = arguments[at + 1];
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_open("probe", getenv("PROBE_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	p.kafka.brokers = arguments[1];
	p.pki = arguments[2];
	p.kafka = probe_as(&p, who);
	p.admin = probe_as(&p, "broker");
	run(&p, n - at, arguments + at);
	printf("%s\n", p.failures ? "FAILED" : "all as promised");
	return p.failures ? 1 : 0;
}

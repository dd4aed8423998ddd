/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl doctor: what keeps the gateway from starting, publishing or being trusted, said beforehand. Here
 * are the verb, how a check is told, and the cluster; what that has to be is gateway/kafka's to say. What can
 * be seen on this machine is in doctor_node.c.
 */
#include "gateway/ctl/doctor.h"

#include "gateway/ctl/screen.h"

#include <stdio.h>
#include <string.h>

#define LOOK_MS 15000

static const char *const words[] = {"broken", "warning", "ok"};

/* --- telling --- */

static void tell_text(enum health health, const char *where, const char *found, const char *remedy)
{
	const struct colours *c = colours();
	const char *const shades[] = {c->bad, c->warn, c->good};

	printf("%s%-8s%s %s: ", shades[health], words[health], c->plain, where);
	print_plain(found);
	putchar('\n');
	if (remedy) {
		printf("         %s", c->bold);
		print_plain(remedy);
		printf("%s\n", c->plain);
	}
	fflush(stdout); /* the next may take its time */
}

void doctor_tell(
	struct doctor *d, enum health health, const char *where, const char *found, const char *remedy)
{
	d->n[health]++;
	if (d->checks)
		json_array_append_new(d->checks, json_pack("{s:s,s:s,s:s,s:s?}", "health", words[health],
							 "where", where, "found", found, "remedy", remedy));
	else
		tell_text(health, where, found, remedy);
}

static void tell_end(const struct doctor *d)
{
	const struct colours *c = colours();

	if (!d->checks) {
		printf("\n%s%zu ok, %zu warning%s, %zu broken.%s %s\n", c->bold, d->n[HEALTH_OK],
			d->n[HEALTH_WARNING], d->n[HEALTH_WARNING] == 1 ? "" : "s", d->n[HEALTH_BROKEN],
			c->plain,
			d->n[HEALTH_BROKEN]    ? "Mend what is broken before you start the gateway."
			: d->n[HEALTH_WARNING] ? "The gateway can start; see to the warnings."
					       : "Nothing stands in the gateway's way.");
		return;
	}
	json_t *all = json_pack("{s:b,s:O}", "well", d->n[HEALTH_BROKEN] == 0, "checks", d->checks);
	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(all);
}

/* --- the cluster --- */

static enum health health_of(enum cluster_severity severity)
{
	switch (severity) {
	case CLUSTER_BREAKS:
	case CLUSTER_LACKS:
		return HEALTH_BROKEN;
	case CLUSTER_WARNS:
		return HEALTH_WARNING;
	case CLUSTER_NOTES:
		return HEALTH_OK;
	}
	return HEALTH_BROKEN;
}

static void tell_finding(struct doctor *d, const struct cluster_finding *f)
{
	char found[1200];

	snprintf(found, sizeof found, "%s is %s, wanted is %s", f->what, f->found, f->wanted);
	doctor_tell(d, health_of(f->severity), f->where, found, f->remedy);
}

/* One part of the cluster: what is not as it should be; else that all of it is. */
static void tell_part(
	struct doctor *d, const struct cluster_findings *findings, const char *where, const char *fine)
{
	size_t trouble = d->n[HEALTH_BROKEN] + d->n[HEALTH_WARNING];

	for (size_t i = 0; i < findings->n; i++)
		if (strncmp(findings->items[i].where, where, strlen(where)) == 0)
			tell_finding(d, &findings->items[i]);
	if (d->n[HEALTH_BROKEN] + d->n[HEALTH_WARNING] == trouble)
		doctor_tell(d, HEALTH_OK, where, fine, NULL);
}

static void tell_cluster(struct doctor *d)
{
	struct cluster_findings findings = {0};
	char found[100];

	snprintf(found, sizeof found, "%zu answer%s over mutual TLS", cluster_view_brokers(d->wanted.view),
		cluster_view_brokers(d->wanted.view) == 1 ? "s" : "");
	doctor_tell(d, HEALTH_OK, "brokers", found, NULL);
	if (!ok(cluster_compare(d->wanted.spec, d->wanted.view, &findings))) {
		doctor_tell(d, HEALTH_BROKEN, "cluster", "out of memory", "try again with more memory");
	} else {
		tell_part(d, &findings, "broker", "their settings are as the guarantees need them");
		tell_part(d, &findings, "topic",
			"all are there, with copies, settings and retention as agreed");
		tell_part(d, &findings, "rights",
			"the gateway has what it needs, nobody has what no agreement gives");
	}
	cluster_findings_free(&findings);
	doctor_journal(d);
}

/* Whether it answers. Where it does not, the rest is still worth knowing. */
static bool look_at_cluster(struct doctor *d)
{
	struct error e = {0};
	struct status status = wanted_look(&d->wanted, LOOK_MS, &e);

	if (ok(status))
		tell_cluster(d);
	else
		doctor_tell(d, HEALTH_BROKEN, "brokers", error_text(&e),
			"see that kafka.brokers names them, that they run and can be reached from here, that "
			"kafka.ca is theirs, and that they take kafka.cert");
	error_free(&e);
	return ok(status) || status.kind != STATUS_RETRY;
}

/* --- all of it --- */

static enum exit_code look(struct doctor *d)
{
	const struct options *o = d->wanted.o;
	bool answers;

	doctor_tell(d, HEALTH_OK, "configuration",
		"can be read; keys are private, match their certificates and serve one role each", NULL);
	if (o->agreements.n)
		doctor_tell(d, HEALTH_OK, "agreements", "can be read", NULL);
	else
		doctor_tell(d, HEALTH_WARNING, "agreements",
			"none given: topics that reads go to are not looked at",
			"name each with --agreement FILE");
	doctor_files(d);
	doctor_machine(d);
	answers = look_at_cluster(d);
	doctor_partners(d);
	tell_end(d);
	if (!answers)
		return UNREACHABLE;
	return d->n[HEALTH_BROKEN] ? REFUSED : DONE;
}

static enum exit_code doctor(struct options *o)
{
	struct doctor d = {.checks = o->json ? json_array() : NULL};
	enum exit_code code = wanted_read(&d.wanted, o);

	if (code == DONE)
		code = look(&d);
	json_decref(d.checks);
	wanted_free(&d.wanted);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "config", "FILE", "the gateway's configuration (needed)", config),
	OPTION(OPTION_TEXTS, "agreement", "FILE", "an agreement, for its topic and readers; again for more",
		agreements),
	{0},
};

const struct verb verb_doctor = {
	.name = "doctor",
	.arguments = "--config FILE [--agreement FILE]...",
	.summary = "what keeps the gateway from working, and what to do about it",
	.help = "Looks at what a gateway needs, before it is started or while it runs, and tells of each "
		"thing\n"
		"whether it is ok, a warning or broken, and what to do:\n"
		"\n"
		"  configuration  as the gateway reads it; keys private and matching; certificates' ends and "
		"uses\n"
		"  this machine   the gateway's folder, room on its disk, how many files may be open\n"
		"  cluster        brokers, their settings, topics, how long reads are kept, who may read and "
		"write\n"
		"  journal        whether it holds, this node's key in it, its clock against the broker's "
		"last "
		"stamp\n"
		"  partners       whether each stream answers to the gateway's certificate; no read is asked "
		"for\n"
		"\n"
		"  anprctl doctor --config gateway.yaml --agreement tfl-mps.yaml\n"
		"\n"
		"Run it on the gateway's machine, as the gateway's user: it uses the gateway's own "
		"certificates,\n"
		"and changes nothing. Exit status 0: nothing broken; 1: something is; 3: the cluster does "
		"not "
		"answer.\n",
	.options = options,
	.common = {kafka_options},
	.run = doctor,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * Options, by tables. Every verb also takes those that say who is asking and where, whether it needs them or
 * not, so that they can stand in an alias.
 */
#include "gateway/ctl/ctl.h"
#include "gateway/ctl/screen.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 256 /* getopt's values of our rows; beyond any letter */

const struct option_row connection_options[] = {
	OPTION(OPTION_TEXT, "gateway", "URL[,URL]", "the gateway's nodes, tried in turn", gateway),
	OPTION(OPTION_TEXT, "cert", "FILE", "your certificate (PEM)", cert),
	OPTION(OPTION_TEXT, "key", "FILE", "its private key (PEM)", key),
	OPTION(OPTION_TEXT, "ca", "FILE", "the CA of the gateway's own certificate (PEM)", ca),
	OPTION(OPTION_TEXT, "organisation", "ID", "yours; else the O of your certificate's issuer",
		organisation),
	{0},
};

const struct option_row kafka_options[] = {
	OPTION(OPTION_TEXT, "kafka", "BROKERS", "host:port[,host:port] of the Kafka cluster", kafka),
	OPTION(OPTION_TEXT, "kafka-ca", "FILE", "the CA of the brokers' certificates (PEM)", kafka_ca),
	OPTION(OPTION_TEXT, "kafka-cert", "FILE", "your certificate for Kafka (PEM)", kafka_cert),
	OPTION(OPTION_TEXT, "kafka-key", "FILE", "its private key (PEM)", kafka_key),
	{0},
};

const struct option_row output_options[] = {
	OPTION(OPTION_FLAG, "json", NULL, "print JSON, for programs", json),
	{0},
};

static size_t rows_append(const struct option_row **rows, size_t n, const struct option_row *table)
{
	for (; table && table->name && n < ROWS_MAX; table++) {
		bool there = false;
		for (size_t i = 0; i < n; i++)
			there = there || strcmp(rows[i]->name, table->name) == 0;
		if (!there)
			rows[n++] = table;
	}
	return n;
}

/* The verb's own rows first: where a name is in several tables, the first counts. */
size_t verb_rows(const struct verb *verb, const struct option_row **rows)
{
	size_t n = rows_append(rows, 0, verb->options);

	n = rows_append(rows, n, output_options);
	n = rows_append(rows, n, connection_options);
	return rows_append(rows, n, kafka_options);
}

void texts_add(struct texts *t, const char *text)
{
	const char **items = reallocarray(t->items, t->n + 1, sizeof *items);

	if (!items)
		abort();
	t->items = items;
	t->items[t->n++] = text;
}

static void row_set(const struct option_row *row, struct options *o, const char *value)
{
	void *target = (char *)o + row->at;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)target = true;
		return;
	case OPTION_TEXT:
		*(const char **)target = value;
		return;
	case OPTION_TEXTS:
		texts_add(target, value);
		return;
	}
}

static enum exit_code usage(const struct verb *verb, const char *why)
{
	fprintf(stderr, "anprctl %s: %s\nusage: anprctl %s%s%s; 'anprctl %s --help' tells more\n", verb->name,
		why, verb->name, *verb->arguments ? " " : "", verb->arguments, verb->name);
	return USAGE;
}

/* What -o stands for: --output, where the verb takes it; else nothing known. */
static int output_row(const struct option_row **rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i]->name, "output") == 0)
			return (int)(FIRST + i);
	return '?';
}

enum exit_code options_parse(const struct verb *verb, int argc, char **argv, struct options *o)
{
	const struct option_row *rows[ROWS_MAX];
	struct option table[ROWS_MAX + 2] = {{"help", no_argument, NULL, 'h'}};
	size_t n = verb_rows(verb, rows);
	int option;

	for (size_t i = 0; i < n; i++)
		table[i + 1] = (struct option){rows[i]->name,
			rows[i]->value ? required_argument : no_argument, NULL, (int)(FIRST + i)};
	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "ho:", table, NULL)) != -1) {
		if (option == 'o')
			option = output_row(rows, n);
		if (option == 'h') {
			verb_help(verb);
			exit(DONE);
		}
		if (option < FIRST)
			return fprintf(stderr,
				       "anprctl %s: option %s is unknown, ambiguous or lacks its value; see "
				       "--help\n",
				       verb->name, argv[optind - 1]),
			       USAGE;
		row_set(rows[option - FIRST], o, optarg);
	}
	o->arguments = (const char **)(void *)(argv + optind);
	o->n_arguments = (size_t)(argc - optind);
	if (o->n_arguments < verb->min_arguments)
		return usage(verb, "something is missing");
	if (o->n_arguments > verb->max_arguments)
		return usage(verb, "too many arguments");
	return DONE;
}

void options_free(struct options *o)
{
	free(o->agreements.items);
	free(o->roots.items);
	free(o->cameras.items);
	for (size_t i = 0; i < o->owned.n; i++)
		free((char *)o->owned.items[i]);
	free(o->owned.items);
}

static void rows_help(const char *heading, const struct option_row *rows)
{
	if (!rows || !rows->name)
		return;
	printf("\n%s\n", heading);
	for (; rows->name; rows++) {
		char left[64];
		snprintf(left, sizeof left, "--%s%s%s", rows->name, rows->value ? " " : "",
			rows->value ? rows->value : "");
		printf("  %-26s %s\n", left, rows->help);
	}
}

static void common_help(const struct option_row *table)
{
	if (table == connection_options)
		rows_help("Who and where (or ANPRCTL_GATEWAY ..., or ~/.config/anprctl.yaml):", table);
	else
		rows_help("Kafka (or ANPRCTL_KAFKA ..., or ~/.config/anprctl.yaml):", table);
}

void verb_help(const struct verb *verb)
{
	printf("anprctl %s - %s\n\nusage: anprctl %s%s%s\n\n%s", verb->name, verb->summary, verb->name,
		*verb->arguments ? " " : "", verb->arguments, verb->help);
	rows_help("Options:", verb->options);
	for (size_t i = 0; i < 3 && verb->common[i]; i++)
		common_help(verb->common[i]);
	rows_help("Output:", output_options);
	printf("\nExit status: 0 done, 1 refused or a check failed, 2 wrong usage, 3 unreachable,\n"
	       "4 not yet done: recorded but not yet enforced, or stopped here but not recorded.\n");
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the verbs of anprctl share: their table, the options, the exit codes.
 */
#ifndef ANPR_CTL_CTL_H
#define ANPR_CTL_CTL_H

#include "gateway/base/buffer.h"
#include "gateway/base/error.h"
#include "gateway/base/span.h"

/* Exit codes; told in --help. */
enum exit_code {
	DONE = 0,
	REFUSED = 1, /* refused, or a check failed */
	USAGE = 2,
	UNREACHABLE = 3,
	NOT_YET = 4, /* recorded but not yet enforced, or stopped here but not recorded */
};

struct texts {
	const char **items;
	size_t n;
};

/* Everything any verb takes; NULL = not given. Borrowed from the arguments, the environment or the profile.
 */
struct options {
	/* who and where */
	const char *gateway, *cert, *key, *ca, *organisation;
	const char *kafka, *kafka_ca, *kafka_cert, *kafka_key;
	bool json;
	struct buffer *told; /* what fails is told here too; NULL = on standard error only */
	/* what */
	bool all, print, ids, follow, quality, public, reads;
	struct texts agreements, cameras, roots;
	const char *rule, *area, *class, *period, *reason, *receipt;
	const char *partner, *since, *topic, *from, *count, *config, *head, *prefix, *bundle, *trial;
	const char *kind, *published, *node_key, *port, *idle;
	const char *to, *zone, *output, *format, *metrics;
	struct texts owned; /* texts of the profile, freed with the options */
	const char **arguments;
	size_t n_arguments;
};

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_TEXTS };

struct option_row {
	const char *name;  /* NULL ends a table */
	const char *value; /* what it takes, for the help; NULL = a flag */
	const char *help;
	enum option_kind kind;
	size_t at; /* offset in struct options */
};

struct verb {
	const char *name;
	const char *arguments; /* for the usage line: "PARTNER" */
	const char *summary;   /* a line */
	const char *help;      /* what it does, with examples */
	const char *words;     /* what its first argument can be, for completion; NULL = anything */
	const struct option_row *options;
	size_t min_arguments, max_arguments;
	const struct option_row *common[3]; /* tables of further options: connection_options, kafka_options */
	enum exit_code (*run)(struct options *o);
};

#define OPTION(type, option, takes, text, member)                                                            \
	{                                                                                                    \
		.name = (option), .value = (takes), .help = (text), .kind = (type),                          \
		.at = offsetof(struct options, member)                                                       \
	}

/* Tables that several verbs take. Those of connection and Kafka are also read from the environment and the
 * profile. */
extern const struct option_row connection_options[], kafka_options[], output_options[];

extern const struct verb verb_status, verb_off, verb_on, verb_propose, verb_proposals, verb_approve,
	verb_refuse, verb_withdraw, verb_agreements, verb_readers, verb_cameras, verb_history, verb_tail,
	verb_cluster, verb_policy, verb_explain, verb_try, verb_receipt, verb_verify, verb_export,
	verb_report, verb_ui, verb_doctor;

/* --- options.c --- */
/* The verb's arguments into *o. Wrong ones are told. */
void texts_add(struct texts *t, const char *text);
enum exit_code options_parse(const struct verb *verb, int argc, char **argv, struct options *o);
void options_free(struct options *o);
void verb_help(const struct verb *verb);
#define ROWS_MAX 40
/* Every option the verb takes, into rows[ROWS_MAX]; how many. */
size_t verb_rows(const struct verb *verb, const struct option_row **rows);

/* --- completion.c --- */
/* A bash script that completes these verbs (NULL ends them), their options and files, on standard output. */
void completion_print(const struct verb *const *verbs);

/* --- profile.c --- */
/* Fill in what was not given: from the environment, then from ~/.config/anprctl.yaml. */
enum exit_code profile_fill(struct options *o);

/* --- screen.c --- */
/* Tell what went wrong, on standard error; with --json also as {"error": ...} on standard output. Returns
 * `code`. */
enum exit_code fail(const struct options *o, enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Every problem of `e`, which is freed. */
enum exit_code fail_with(const struct options *o, enum exit_code code, struct error *e);

#endif

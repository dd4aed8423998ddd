/* SPDX-License-Identifier: Apache-2.0
 *
 * Completion for bash, made of the same tables that options are read by. It asks nobody: no gateway is
 * contacted while somebody types.
 */
#include "gateway/ctl/ctl.h"

#include <stdio.h>

static bool takes_file(const struct option_row *row)
{
	return row->value && strcmp(row->value, "FILE") == 0;
}

static void print_verb(const struct verb *verb)
{
	const struct option_row *rows[ROWS_MAX];
	size_t n = verb_rows(verb, rows);

	printf("\t%s)\n\t\twords='%s' options='--help", verb->name, verb->words ? verb->words : "");
	for (size_t i = 0; i < n; i++)
		printf(" --%s", rows[i]->name);
	printf("' files='");
	for (size_t i = 0; i < n; i++)
		if (takes_file(rows[i]))
			printf(" --%s", rows[i]->name);
	printf(" ' values='");
	for (size_t i = 0; i < n; i++)
		if (rows[i]->value && !takes_file(rows[i]))
			printf(" --%s", rows[i]->name);
	puts(" ' ;;");
}

void completion_print(const struct verb *const *verbs)
{
	puts("# completion of anprctl for bash: . <(anprctl completion)\n"
	     "_anprctl() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words options files "
	     "values\n"
	     "\tCOMPREPLY=()\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\tmapfile -t COMPREPLY < <(compgen -W '", stdout);
	for (size_t i = 0; verbs[i]; i++)
		printf("%s ", verbs[i]->name);
	puts("help completion --help --version' -- \"$cur\")\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; verbs[i]; i++)
		print_verb(verbs[i]);
	puts("\t*) return ;;\n"
	     "\tesac\n"
	     "\tcase $values in *\" $prev \"*) return ;; esac       # a value that is not ours to guess\n"
	     "\tcase $files in *\" $prev \"*) words='' ;;\n"
	     "\t*)\n"
	     "\t\tif [[ $cur == -* ]]; then\n"
	     "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	     "\t\t\treturn\n"
	     "\t\tfi ;;\n"
	     "\tesac\n"
	     "\tif [ -n \"$words\" ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	     "\telse\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -o filenames -F _anprctl anprctl");
}

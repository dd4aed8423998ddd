/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl: finds the verb. One file per verb; this one knows only their table.
 */
#include "gateway/ctl/ctl.h"
#include "gateway/ctl/screen.h"

#include <signal.h>
#include <stdio.h>

static const struct verb *const verbs[] = {&verb_status, &verb_off, &verb_on, &verb_propose, &verb_proposals,
	&verb_approve, &verb_refuse, &verb_withdraw, &verb_agreements, &verb_readers, &verb_cameras,
	&verb_history, &verb_explain, &verb_try, &verb_receipt, &verb_tail, &verb_ui, &verb_verify,
	&verb_export, &verb_report, &verb_cluster, &verb_doctor, &verb_policy, NULL};

static void help(void)
{
	puts("anprctl - decide what the ANPR gateway shares, and see what it does\n"
	     "\n"
	     "usage: anprctl VERB [ARGUMENTS]        'anprctl VERB --help' teaches each, with examples\n");
	for (size_t i = 0; verbs[i]; i++)
		printf("  %-11s %s\n", verbs[i]->name, verbs[i]->summary);
	puts("\n"
	     "Who you are is your certificate; what changes something is signed with its key on this\n"
	     "machine. Say it once, in ~/.config/anprctl.yaml:\n"
	     "\n"
	     "  gateway: https://gw-1.example:8443,https://gw-2.example:8443\n"
	     "  cert: alice.pem\n"
	     "  key: alice.key\n"
	     "  ca: gateway-ca.pem\n"
	     "\n"
	     "or as ANPRCTL_GATEWAY, ANPRCTL_CERT ..., or as --gateway, --cert ... with each verb.\n"
	     "\n"
	     "Completion for bash: . <(anprctl completion)\n"
	     "\n"
	     "Exit status: 0 done, 1 refused or a check failed, 2 wrong usage, 3 unreachable, 4 not yet\n"
	     "done (recorded but not yet enforced, or stopped here but not recorded; the words say which).");
}

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options o = {0};
	enum exit_code code = options_parse(verb, argc, argv, &o);

	if (code == DONE)
		code = profile_fill(&o);
	if (code == DONE)
		code = verb->run(&o);
	options_free(&o);
	if (fflush(stdout) != 0 && code == DONE)
		code = REFUSED; /* a full disk: what was asked for is not there */
	return code;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	bool asks_help = strcmp(name, "help") == 0 && argc > 2;
	const struct verb *verb = verb_find(asks_help ? argv[2] : name);

	signal(SIGPIPE, SIG_IGN);
	if (verb && asks_help) {
		verb_help(verb);
		return DONE;
	}
	if (verb)
		return run(verb, argc - 1, argv + 1);
	if (strcmp(name, "completion") == 0)
		return completion_print(verbs), DONE;
	if (strcmp(name, "--version") == 0)
		return puts("anprctl " ANPR_VERSION) < 0;
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		help();
		return argc > 1 ? DONE : USAGE;
	}
	fprintf(stderr, "anprctl: there is no '%s'; 'anprctl --help' lists what there is\n", name);
	return USAGE;
}

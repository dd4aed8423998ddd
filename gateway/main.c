/* SPDX-License-Identifier: Apache-2.0
 *
 * anpr-gateway: the command line, and which role this process has. What the roles do is elsewhere.
 */
#include "gateway/admin/admin.h"
#include "gateway/core/core.h"
#include "gateway/source/source.h"
#include "gateway/supervise/role.h"
#include "gateway/supervise/supervise.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2 /* also for a configuration that will not do: nothing was started */

static const char help[] =
	"anpr-gateway - shares reads of number plates with the police as far as agreed, and proves it\n"
	"\n"
	"usage: anpr-gateway [--verbose] FILE    run with this configuration, in the foreground\n"
	"       anpr-gateway --check FILE        check it, print what is in effect, start nothing\n"
	"       anpr-gateway --version | --help\n"
	"\n"
	"FILE is YAML. It holds addresses, keys and listeners; what may be shared is decided by people\n"
	"with anprctl and kept in the journal. Paths in it are relative to the file. The smallest one:\n"
	"\n"
	"  gateway: {id: gw-1, state_dir: state, signing_key: pki/signing.key}\n"
	"  kafka: {brokers: \"localhost:9093\", ca: pki/ca.pem, cert: pki/kafka.pem, key: pki/kafka.key}\n"
	"  organisations:\n"
	"    - {id: mps, ca: pki/mps-ca.pem, people: [{subject: \"CN=alice\", roles: [policy-admin]}]}\n"
	"    - {id: tfl, ca: pki/tfl-ca.pem, people: [{subject: \"CN=bob\", roles: [controller]}]}\n"
	"  partners:\n"
	"    - id: tfl-ulez\n"
	"      organisation: tfl\n"
	"      source: {kind: stream, url: \"https://localhost:8441/v1/reads\", ca: pki/tfl-ca.pem,\n"
	"               cert: pki/to-tfl.pem, key: pki/to-tfl.key}\n"
	"  admin: {listen: \"0.0.0.0:8443\", cert: pki/admin.pem, key: pki/admin.key}\n"
	"\n"
	"It logs to standard error, a line an event, and tells systemd when it is up. SIGTERM or SIGINT\n"
	"ends it in order: what was taken in is committed first, at most 10 s; a second one ends it at\n"
	"once (nothing is lost then either, the partners are asked again). SIGHUP looks for renewed\n"
	"certificates now rather than within half a minute.\n"
	"\n"
	"Exit status: 0 ended in order, 1 the end had to be forced, 2 wrong usage or configuration.\n"
	"\n"
	"Try a whole installation on this machine: ./deploy/demo\n";

struct options {
	bool check, verbose;
	enum role role;
	const char *name, *file;
};

enum { OPTION_CHECK = 256, OPTION_ROLE, OPTION_NAME, OPTION_CONFIG };

static const struct option table[] = {
	{"check", required_argument, NULL, OPTION_CHECK},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"name", required_argument, NULL, OPTION_NAME},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{0},
};

static _Noreturn void usage(const char *why)
{
	fprintf(stderr, "anpr-gateway: %s\nusage: anpr-gateway [--verbose] FILE; --help tells more\n", why);
	exit(EXIT_USAGE);
}

static _Noreturn void tell(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) == 0 ? 0 : 1);
}

static void option_take(struct options *o, int option)
{
	switch (option) {
	case OPTION_CHECK:
		o->check = true;
		o->file = optarg;
		return;
	case OPTION_CONFIG:
		o->file = optarg;
		return;
	case OPTION_ROLE:
		o->role = role_find(optarg);
		if (o->role == ROLE_NONE)
			usage("no such role");
		return;
	case OPTION_NAME:
		o->name = optarg;
		return;
	case 'v':
		o->verbose = true;
		return;
	case 'V':
		tell("anpr-gateway " ANPR_VERSION "\n");
	case 'h':
		tell(help);
	default:
		exit(EXIT_USAGE); /* getopt has said why */
	}
}

static struct options options_parse(int argc, char **argv)
{
	struct options o = {.name = ""};
	int option;

	while ((option = getopt_long(argc, argv, "hvV", table, NULL)) != -1)
		option_take(&o, option);
	if (optind < argc && !o.file && !o.role)
		o.file = argv[optind++];
	if (optind < argc)
		usage("one configuration file only");
	if (!o.file && (!o.role || o.role == ROLE_CORE))
		usage("which configuration file?");
	return o;
}

/* Every problem, then how many; never returns. */
static _Noreturn void refuse(const char *file, struct error *e)
{
	char *lines = error_lines(e);

	fprintf(stderr, "%s%s: not started: %zu problem%s in the configuration\n", lines ? lines : "", file,
		e->n + e->more, e->n + e->more == 1 ? "" : "s");
	exit(EXIT_USAGE);
}

static struct config *config_need(const char *file)
{
	struct config *config = NULL;
	struct error e = {0};

	if (!ok(config_load(file, &config, &e)))
		refuse(file, &e);
	return config;
}

static int check(const struct config *config)
{
	struct buffer text = {0};
	bool good = ok(config_print(config, &text)) && fputs(buffer_text(&text), stdout) >= 0 &&
		    fflush(stdout) == 0;

	buffer_free(&text);
	return good ? 0 : 1;
}

/* The process list shows the role alone: what follows argv[0] is for us. */
static void arguments_hide(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		memset(argv[i], 0, strlen(argv[i]));
}

static int role_run(const struct options *o, int argc, char **argv)
{
	struct config *config = NULL;
	struct error e = {0};
	int status = EXIT_USAGE;

	if (!ok(role_enter(o->role, o->name, o->verbose, &e))) {
		fprintf(stderr, "anpr-gateway: %s\n", error_text(&e));
		error_free(&e);
		return EXIT_USAGE;
	}
	if (o->role == ROLE_CORE)
		config = config_need(o->file);
	arguments_hide(argc, argv);
	switch (o->role) {
	case ROLE_CORE:
		status = core_main(config, ROLE_CONTROL_FD);
		break;
	case ROLE_SOURCE:
		status = source_main(ROLE_CONTROL_FD, ROLE_CORE_FD);
		break;
	case ROLE_ADMIN:
		status = admin_main(ROLE_CONTROL_FD, ROLE_CORE_FD);
		break;
	case ROLE_NONE:
	case ROLES:
		break;
	}
	config_free(config);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = options_parse(argc, argv);
	struct config *config;
	int status;

	if (o.role)
		return role_run(&o, argc, argv);
	config = config_need(o.file);
	status = o.check ? check(config) : supervise(config, o.verbose);
	config_free(config);
	return status;
}

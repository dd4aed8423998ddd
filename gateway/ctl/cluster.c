/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl cluster: the Kafka cluster as configuration and agreements want it.
 */
#include "gateway/ctl/screen.h"
#include "gateway/ctl/wanted.h"

#include <stdio.h>
#include <string.h>

static void print(struct buffer *text)
{
	fputs(buffer_text(text), stdout);
	if (text->n > 0 && text->p[text->n - 1] != '\n')
		putchar('\n');
	buffer_free(text);
}

/* --- the three --- */

static enum exit_code show(struct wanted *w)
{
	struct buffer text = {0};

	if (!ok(w->o->print ? cluster_print_spec(w->spec, w->o->json, &text)
			    : cluster_print_view(w->view, w->o->json, &text)))
		return fail(w->o, REFUSED, "out of memory");
	print(&text);
	return DONE;
}

static enum exit_code check(struct wanted *w)
{
	struct cluster_findings findings = {0};
	struct buffer text = {0};
	enum exit_code code = DONE;

	if (!ok(cluster_compare(w->spec, w->view, &findings)) ||
		!ok(cluster_print_findings(&findings, w->o->json, &text)))
		return fail(w->o, REFUSED, "out of memory");
	print(&text);
	for (size_t i = 0; i < findings.n; i++)
		if (findings.items[i].severity == CLUSTER_BREAKS)
			code = REFUSED;
	cluster_findings_free(&findings);
	return code;
}

static enum exit_code apply(struct wanted *w)
{
	struct cluster_steps steps = {0};
	struct buffer text = {0};
	struct error e = {0};
	struct status status = cluster_apply(&w->access.config, w->spec, w->o->print, CLUSTER_MS, &steps, &e);
	enum exit_code code = DONE;

	if (ok(status) || steps.n > 0) {
		if (ok(cluster_print_steps(&steps, w->o->json, &text)))
			print(&text);
	}
	if (!ok(status))
		code = e.n ? wanted_failed(w, status, &e)
			   : fail(w->o, REFUSED,
				     "some steps failed; run it again once what is said of them is mended, "
				     "or if they only timed out: what is as wanted stays");
	cluster_steps_free(&steps);
	error_free(&e);
	return code;
}

static const struct {
	const char *word;
	enum exit_code (*run)(struct wanted *w);
} actions[] = {{"show", show}, {"check", check}, {"apply", apply}};

static enum exit_code cluster(struct options *o)
{
	struct wanted w = {0};
	struct error e = {0};
	struct status status;
	enum exit_code code = USAGE;
	size_t i = 0, n = sizeof actions / sizeof actions[0];

	while (i < n && strcmp(actions[i].word, o->arguments[0]) != 0)
		i++;
	if (i == n)
		return fail(o, USAGE, "there is no 'cluster %s'; there are show, check and apply",
			o->arguments[0]);
	code = wanted_read(&w, o);
	if (code == DONE) {
		status = wanted_look(&w, CLUSTER_MS, &e);
		code = ok(status) ? actions[i].run(&w) : wanted_failed(&w, status, &e);
	}
	wanted_free(&w);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "config", "FILE", "the gateway's configuration (needed)", config),
	OPTION(OPTION_TEXTS, "agreement", "FILE", "an agreement, for its topic and readers; again for more",
		agreements),
	OPTION(OPTION_FLAG, "print", NULL, "apply: say what would be done; show: what is wanted", print),
	{0},
};

const struct verb verb_cluster = {
	.name = "cluster",
	.words = "apply show check",
	.arguments = "apply|show|check --config FILE [--agreement FILE]... [--print]",
	.summary = "topics, rights and settings of the Kafka cluster",
	.help = "apply   creates missing topics and rights and corrects topics' settings; takes nothing "
		"away\n"
		"check   compares the cluster with what the guarantees need; exit status 1 if one does not "
		"hold\n"
		"show    what the cluster has; with --print what it should have\n"
		"\n"
		"  anprctl cluster apply --print --config gateway.yaml --agreement tfl-mps.yaml\n"
		"  anprctl cluster apply --config gateway.yaml --agreement tfl-mps.yaml --agreement "
		"nh-mps.yaml \\\n"
		"          --kafka-cert admin.pem --kafka-key admin.key\n"
		"  anprctl cluster check --config gateway.yaml --agreement tfl-mps.yaml\n"
		"\n"
		"apply needs the certificate of a Kafka administrator; show and check do with the gateway's "
		"own, which is\n"
		"taken from the configuration where no other is given. It can be repeated: what is as wanted "
		"stays.\n",
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {kafka_options},
	.run = cluster,
};

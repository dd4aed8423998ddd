/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl export: journal, texts, ledger and accounts out of Kafka into a bundle, byte for byte. Reads are
 * left where they are.
 */
#include "gateway/verify/bundle.h"

#include "gateway/base/clock.h"
#include "gateway/ctl/access.h"
#include "gateway/ctl/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job {
	const struct options *o;
	const struct verify_source *source;
	FILE *to;
	char names[4][250];
	Anpr__V1__BundlePartition *partitions;
	size_t n;
	unsigned long long records;
};

/* --- what there is --- */

static struct status topic_measure(struct job *j, char *topic, struct error *e)
{
	int64_t newest[VERIFY_PARTITIONS_MAX];
	int32_t n = 0;

	TRY(j->source->partitions(j->source->context, topic, &n, e));
	if (n == 0 || n > VERIFY_PARTITIONS_MAX)
		return error_set(e, "%s: it is not there, or this certificate may not read it", topic);
	TRY(j->source->newest(j->source->context, topic, n, newest, e));
	j->partitions = reallocarray(j->partitions, j->n + (size_t)n, sizeof *j->partitions);
	REQUIRE(j->partitions, S_OVERLOAD);
	for (int32_t i = 0; i < n; i++) {
		Anpr__V1__BundlePartition *p = &j->partitions[j->n++];

		anpr__v1__bundle_partition__init(p);
		p->topic = topic;
		p->partition = (uint32_t)i;
		p->newest = newest[i];
		TRY(j->source->oldest(j->source->context, topic, i, &p->oldest, e));
	}
	return S_OK;
}

/* Accounts come first. Once all transactions of the ledger's part are over, its accounts are there as well;
 * those that were settled before are of its records. */
static struct status accounts_measure(struct job *j, int64_t settled, struct error *e)
{
	Anpr__V1__BundlePartition *accounts = &j->partitions[0], *ledger = &j->partitions[1];
	int32_t n = (int32_t)j->n - 1;
	int64_t marks[VERIFY_PARTITIONS_MAX];

	for (int32_t i = 0; i < n; i++)
		marks[i] = ledger[i].newest;
	TRY(verify_settle(j->source, ledger->topic, n, marks, e));
	TRY(j->source->newest(j->source->context, accounts->topic, 1, &accounts->newest, e));
	accounts->unsettled = accounts->newest - settled;
	return S_OK;
}

/* The ledger after the accounts made with it, and these again; the journal after what was decided by it;
 * texts after the journal that names them: each is whole as far as what was measured before it goes. */
static struct status measure(struct job *j, struct error *e)
{
	static const char *const names[] = {"accounts", "ledger", "journal", "documents"};
	int64_t settled;

	for (size_t i = 0; i < 4; i++)
		snprintf(j->names[i], sizeof j->names[i], "%sanpr.%s", j->o->prefix ? j->o->prefix : "",
			names[i]);
	TRY(topic_measure(j, j->names[0], e));
	TRY(j->source->settled(j->source->context, j->names[0], 1, &settled, e));
	TRY(topic_measure(j, j->names[1], e));
	TRY(accounts_measure(j, settled, e));
	TRY(topic_measure(j, j->names[2], e));
	return topic_measure(j, j->names[3], e);
}

/* --- writing --- */

static struct status header_write(struct job *j)
{
	Anpr__V1__BundleHeader header = ANPR__V1__BUNDLE_HEADER__INIT;
	Anpr__V1__BundlePartition **list = calloc(j->n, sizeof *list);
	struct status status;

	REQUIRE(list, S_OVERLOAD);
	for (size_t i = 0; i < j->n; i++)
		list[i] = &j->partitions[i];
	header.made_at_ms = clock_now().v;
	header.accounts = j->names[0];
	header.ledger = j->names[1];
	header.journal = j->names[2];
	header.documents = j->names[3];
	header.partitions = list;
	header.n_partitions = j->n;
	status = bundle_begin(j->to, &header);
	free(list);
	return status;
}

static struct status partition_write(struct job *j, const Anpr__V1__BundlePartition *p, struct error *e)
{
	struct verify_record record;
	struct status status;

	while (ok(status = j->source->next(
			  j->source->context, p->topic, (int32_t)p->partition, p->newest, &record, e))) {
		if (!ok(bundle_add(j->to, p->topic, (int32_t)p->partition, &record)))
			return error_set(e, "%s: %s", j->o->arguments[0], strerror(errno));
		j->records++;
		if (j->records % 10000 == 0 && isatty(STDERR_FILENO) && !j->o->json)
			fprintf(stderr, "\r  %llu records", j->records);
	}
	return status.kind == STATUS_WAIT ? S_OK : status;
}

static struct status write_all(struct job *j, struct error *e)
{
	TRY(measure(j, e));
	if (!ok(header_write(j)))
		return error_set(e, "%s: %s", j->o->arguments[0], strerror(errno));
	for (size_t i = 0; i < j->n; i++)
		TRY(partition_write(j, &j->partitions[i], e));
	if (fflush(j->to) != 0 || fsync(fileno(j->to)) != 0)
		return error_set(e, "%s: %s", j->o->arguments[0], strerror(errno));
	return S_OK;
}

static enum exit_code run(struct job *j)
{
	struct error e = {0};
	struct status status = write_all(j, &e);

	if (!ok(status)) {
		unlink(j->o->arguments[0]);
		return fail_with(j->o, status.kind == STATUS_RETRY ? UNREACHABLE : REFUSED, &e);
	}
	error_free(&e);
	if (j->o->json)
		printf("{\"records\":%llu}\n", j->records);
	else
		printf("%llu records, no reads. Check it: anprctl verify --bundle %s\n", j->records,
			j->o->arguments[0]);
	return DONE;
}

static enum exit_code export_bundle(struct options *o)
{
	struct job j = {.o = o};
	struct access access = {0};
	struct records *records = NULL;
	enum exit_code code = access_read(o, "anprctl-export", &access);

	if (code == DONE) {
		records = records_new(&access.config);
		j.to = fopen(o->arguments[0], "wxe");
		if (!records || !j.to)
			code = fail(o, REFUSED, "%s: %s", o->arguments[0], strerror(errno));
	}
	if (code == DONE) {
		j.source = records_source(records);
		code = run(&j);
	}
	if (j.to && fclose(j.to) != 0 && code == DONE)
		code = fail(o, REFUSED, "%s: %s", o->arguments[0], strerror(errno));
	free(j.partitions);
	records_free(records);
	access_free(&access);
	return code;
}

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "prefix", "TEXT",
		"what the names of the gateway's topics begin with, before 'anpr.'", prefix),
	{0},
};

const struct verb verb_export = {
	.name = "export",
	.arguments = "FILE --kafka BROKERS --kafka-ca FILE --kafka-cert FILE --kafka-key FILE",
	.summary = "an evidence bundle: journal, texts, ledger and accounts, no plates",
	.help = "Writes what an auditor needs to check the gateway's decisions elsewhere, byte for byte as "
		"it lies in "
		"Kafka: the\n"
		"journal with every signature, the texts it names, the ledger as far as it is kept, the "
		"signed "
		"accounts. It holds no\n"
		"reads. FILE must not exist yet.\n"
		"\n"
		"  anprctl export november.bundle --kafka kafka-1:9093 --kafka-ca ca.pem --kafka-cert "
		"verifier.pem "
		"--kafka-key verifier.key\n"
		"  anprctl verify --bundle november.bundle\n",
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {kafka_options},
	.run = export_bundle,
};

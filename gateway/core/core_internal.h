/* SPDX-License-Identifier: Apache-2.0
 *
 * What the core's parts share: core.c (descriptors and signals), start.c (from an empty process to
 * publishing), enforcer.c (offs made good), lapse.c (ends by time), command.c (what people ask for), api.c
 * and status.c (what people see), stops.c (offs that the broker could not be told of), stop_files.c (offs put
 * there by hand), surroundings.c (the cluster). Nobody else includes it.
 */
#ifndef ANPR_CORE_CORE_INTERNAL_H
#define ANPR_CORE_CORE_INTERNAL_H

#include "anpr/v1/frame.pb-c.h"
#include "gateway/base/histogram.h"
#include "gateway/base/log.h"
#include "gateway/config/config.h"
#include "gateway/core/journal.h"
#include "gateway/core/nodes.h"
#include "gateway/core/publisher.h"
#include "gateway/core/stop_files.h"
#include "gateway/core/surroundings.h"
#include "gateway/wire/frame.h"

#include <pthread.h>
#include <stdatomic.h>

/* An answer on its way to the admin process. */
struct answer {
	uint64_t id;
	uint32_t status;  /* HTTP */
	const char *type; /* of the body; static */
	char *body;       /* owned */
	struct answer *next;
};

struct core {
	const struct config *config;
	struct kafka_config kafka;
	struct buffer ca_pem, cert_pem, key_pem;
	struct node_key *key;
	struct journal *journal;
	struct holds holds;
	struct stop_files *stop_files;
	struct surroundings *surroundings;
	struct nodes *nodes;
	pthread_mutex_t recording; /* held by who records a stop that could not be recorded at once */
	atomic_bool stopping;
	atomic_bool failed; /* it must not go on: told in the log */
	int wake_fd;        /* wakes the main thread */
	pthread_t starter, enforcer;

	pthread_mutex_t lock;          /* guards the rest */
	pthread_cond_t changed;        /* the journal or a fence moved, or it is time to stop */
	uint64_t changes;              /* counts them */
	struct publisher **publishers; /* NULL until started */
	uint32_t n_publishers;
	struct answer *answers;
	unsigned commands;         /* being carried out */
	struct histogram receipts; /* from a narrowing command's acceptance until it was made good */
	struct trial *trial;       /* the newest; NULL = none since the start */
	struct attachment_list {
		char *partner;
		int fd;
		struct attachment_list *next;
	} * attachments;
};

/* start.c: a thread that appends or checks the genesis, sends stop files after, starts the publishers. */
void *start_run(void *core);
/* The partner's publisher, whosever it is. There are publishers, and the lock is held. */
struct publisher *core_publisher(struct core *core, const char *partner);
/* Hand a source's socket to its publisher, or keep it until there is one. Takes the descriptor. */
void core_attach(struct core *core, const char *partner, int fd);
/* Hold (+1) or release (-1) one partner; NULL = all. */
void core_hold(struct core *core, const char *partner, int change);
/* Something moved: wake whoever waits. Any thread. */
void core_changed(void *core);
/* Wait until something has moved since `*seen`, at most timeout_ms. */
void core_await_change(struct core *core, uint64_t *seen, int timeout_ms);
/* An answer to the admin process: JSON, or of another static type. Takes the body. */
void core_answer(struct core *core, uint64_t id, uint32_t status, char *body);
void core_answer_as(struct core *core, uint64_t id, uint32_t status, const char *type, char *body);

/* enforcer.c: a thread that makes good every narrowing entry: fences, then an enforced entry. */
void *enforcer_run(void *core);

/* lapse.c: append the next thing that falls due by now; false = there is none. */
bool lapse_append(struct core *core);

/* command.c: begin to carry a command out, on a thread of its own. */
void command_begin(struct core *core, const Anpr__V1__AdminRequest *request);
/* Append one signed command. Status as journal_append; *entry is set on OK, also where it was there already.
 */
struct command_append {
	struct span signed_command;
	struct utc_ms accepted;
	const Anpr__V1__SignedCommand *texts;
	uint64_t entry;
	bool already;
	bool fences;  /* it has to be made good: there will be a receipt */
	char *effect; /* owned by the caller afterwards, as is `change` */
	char *change; /* JSON: what a proposal changes; NULL = it is about none */
};
MUST struct status command_append(
	struct core *core, struct command_append *append, int timeout_ms, struct error *e);

/* stops.c: offs that could not be recorded, as files. */
MUST struct status stops_keep(
	struct core *core, const struct digest *command_id, struct span signed_command, struct error *e);
/* Its command has been read back, or refused by the journal. */
void stops_drop(struct core *core, const struct digest *command_id);
/* Append what an earlier process left in the folder. OK: none is left. */
MUST struct status stops_send(struct core *core);
size_t stops_waiting(const struct core *core);

/* api.c: answer what can be answered at once. */
void api_handle(struct core *core, const Anpr__V1__AdminRequest *request);
char *api_error(const char *text);
/* try.c: begin a trial; show the one that is asked for. */
void try_begin(struct core *core, const Anpr__V1__AdminRequest *request);
char *try_view(struct core *core, const Anpr__V1__AdminRequest *request, uint32_t *status);
/* Value of one field of the path's query into `to`; false = not there. */
bool api_query(const char *path, const char *name, char *to, size_t cap);
/* quality.c: a partner's figures by camera. */
char *quality_view(struct core *core, const Anpr__V1__AdminRequest *request, uint32_t *status);
/* status.c: GET /v1/status, and the same as an object, owned by the caller. */
char *status_view(struct core *core);
json_t *status_object(struct core *core);
/* metrics.c: what a monitor asks who is nobody in particular: /metrics, /livez, /readyz. */
void metrics_handle(struct core *core, const Anpr__V1__AdminRequest *request);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * This node in the group of nodes, on a thread of its own. The coordinator of the group alone says whose a
 * publisher is, and is asked again whenever the group moved, whenever a publisher lost its producer (somebody
 * may have taken it over while this process was frozen or cut off), and now and then. While it does not
 * answer, or is still settling, everything stays as it was.
 *
 * A node that is alone does not wait for the group to settle: where this process was started again after
 * being killed, the group waits for the dead one until its session is over.
 */
#include "gateway/core/nodes.h"

#include "gateway/core/core_internal.h"
#include "gateway/kafka/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define GROUP    "anpr-nodes"
#define SLICE_MS 20   /* how long an ask may wait for the thread */
#define LOOK_MS  2000 /* for one answer */
/* Between looks: while it is not known whose all are, and otherwise. The last also keeps librdkafka's own
 * thread awake, which would else send heartbeats, and notice that others left, up to a second late. */
#define UNSETTLED_MS 50
#define SETTLED_MS   200
#define AWAY_MS      500 /* between attempts while the cluster is away */

struct nodes {
	struct core *core;
	struct publisher *const *publishers; /* they outlive the thread */
	uint32_t n_publishers;
	pthread_t thread;
	struct membership *membership;
	struct membership_view fresh; /* the thread's own */
	int64_t look_at;              /* monotonic */
	bool begun, trouble, told;    /* the thread runs; the newest look failed; said whose all are */
	atomic_bool leaving;
	_Atomic(uint64_t) wanted; /* looks asked for */
	uint64_t done;            /* of them */

	pthread_mutex_t lock;
	struct membership_view view; /* the newest that said whose all are */
	char detail[256];            /* why it is not known any better; "" = it is */
};

static void tell_trouble(struct nodes *n, struct error *e)
{
	if (!n->trouble)
		log_warn("nodes: the group is away", "detail=%s", LOG_QUOTE(error_text(e)));
	n->trouble = true;
	n->look_at = clock_monotonic_ms() + AWAY_MS;
	pthread_mutex_lock(&n->lock);
	snprintf(n->detail, sizeof n->detail, "%s", error_text(e));
	pthread_mutex_unlock(&n->lock);
	error_free(e);
}

static bool is_ours(const struct nodes *n, uint32_t k)
{
	return n->fresh.alone || strcmp(n->fresh.owners[k], n->core->config->gateway_id) == 0;
}

static void assign(struct nodes *n, uint64_t look)
{
	unsigned ours = 0, news = 0;

	for (uint32_t k = 0; k < n->n_publishers; k++) {
		if (n->fresh.alone)
			snprintf(n->fresh.owners[k], sizeof n->fresh.owners[k], "%s",
				n->core->config->gateway_id);
		ours += is_ours(n, k);
		news += publisher_assign(n->publishers[k], is_ours(n, k) ? look : 0);
	}
	pthread_mutex_lock(&n->lock);
	n->view = n->fresh;
	n->detail[0] = 0;
	pthread_mutex_unlock(&n->lock);
	if (news)
		log_info("nodes", "publishers=%u of=%u alone=%s", ours, n->n_publishers,
			n->fresh.alone ? "yes" : "no");
}

static void look(struct nodes *n)
{
	uint64_t asked = atomic_load(&n->wanted);
	struct error e = {0};

	n->look_at = clock_monotonic_ms() + UNSETTLED_MS;
	if (!ok(membership_look(n->membership, LOOK_MS, &n->fresh, &e))) {
		tell_trouble(n, &e);
		return;
	}
	error_free(&e);
	if (n->trouble)
		log_info("nodes: the group is back", "%s", "");
	n->trouble = false;
	n->told = n->fresh.joined && (n->fresh.settled || n->fresh.alone);
	if (!n->told)
		return;
	n->done = asked;
	n->look_at = clock_monotonic_ms() + SETTLED_MS;
	assign(n, asked);
}

static bool join(struct nodes *n)
{
	struct error e = {0};

	if (n->membership)
		return true;
	if (ok(membership_open(&n->core->kafka, GROUP, n->core->config->topics.ledger, &n->membership, &e)))
		return true;
	tell_trouble(n, &e);
	clock_sleep_ms(AWAY_MS);
	return false;
}

static void step(struct nodes *n)
{
	struct error e = {0};
	struct status status = membership_poll(n->membership, SLICE_MS, &e);

	if (!ok(status) && status.kind != STATUS_WAIT)
		tell_trouble(n, &e);
	else if (ok(status) || clock_monotonic_ms() >= n->look_at ||
		 (n->told && !n->trouble && atomic_load(&n->wanted) > n->done))
		look(n);
	error_free(&e);
}

static void *run(void *context)
{
	struct nodes *n = context;

	prctl(PR_SET_NAME, "nodes");
	while (!atomic_load(&n->leaving))
		if (join(n))
			step(n);
	membership_close(n->membership);
	return NULL;
}

struct nodes *nodes_new(struct core *core)
{
	struct nodes *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	n->core = core;
	n->wanted = 1;
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

struct status nodes_begin(struct nodes *n, struct publisher *const *publishers, uint32_t n_publishers)
{
	REQUIRE(n_publishers <= MEMBERSHIP_MAX, S_REFUSED);
	n->publishers = publishers;
	n->n_publishers = n_publishers;
	n->begun = pthread_create(&n->thread, NULL, run, n) == 0;
	return n->begun ? S_OK : S_REFUSED;
}

void nodes_leave(struct nodes *n)
{
	if (n)
		atomic_store(&n->leaving, true);
}

void nodes_end(struct nodes *n)
{
	if (!n)
		return;
	if (n->begun)
		pthread_join(n->thread, NULL);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

uint64_t nodes_ask(void *context)
{
	struct nodes *n = context;

	return atomic_fetch_add(&n->wanted, 1) + 1;
}

bool nodes_trouble(struct nodes *n, char *to, size_t cap)
{
	to[0] = 0;
	if (!n)
		return false;
	pthread_mutex_lock(&n->lock);
	snprintf(to, cap, "%s", n->detail);
	pthread_mutex_unlock(&n->lock);
	return to[0] != 0;
}

void nodes_owner(struct nodes *n, uint32_t publisher, char *to, size_t cap)
{
	to[0] = 0;
	if (!n || publisher >= MEMBERSHIP_MAX)
		return;
	pthread_mutex_lock(&n->lock);
	snprintf(to, cap, "%s", n->view.owners[publisher]);
	pthread_mutex_unlock(&n->lock);
}

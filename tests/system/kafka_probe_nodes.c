/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases about several nodes: who looks after what, and how soon another does.
 */
#include "tests/system/kafka_probe.h"

#include "gateway/kafka/membership.h"

#include <stdio.h>
#include <string.h>

#define NODES      3
#define PARTITIONS 8

struct node {
	struct membership *membership;
	struct kafka_config kafka;
	char name[8];
};

static bool open_node(struct probe *p, struct node *n, int i)
{
	snprintf(n->name, sizeof n->name, "gw-%d", i);
	n->kafka = p->kafka;
	n->kafka.client_id = n->name;
	return probe_check(
		p, ok(membership_open(&n->kafka, "anpr-nodes", LEDGER, &n->membership, &p->e)), "node %d", i);
}

/* Whether all see the same: each partition has an owner, and each of those in `mask` has some. */
static bool agreed(const struct membership_view *views, unsigned mask)
{
	const struct membership_view *first = NULL;
	unsigned seen = 0;

	for (int i = 0; i < NODES; i++) {
		if (!(mask & 1u << i))
			continue;
		first = first ? first : &views[i];
		if (!views[i].settled || memcmp(views[i].owners, first->owners, sizeof first->owners) != 0)
			return false;
	}
	for (int k = 0; first && k < PARTITIONS; k++)
		if (strlen(first->owners[k]) != 4)
			return false;
		else
			seen |= 1u << (first->owners[k][3] - '0');
	return seen == mask;
}

/* Poll those in `mask` until they agree. */
static double settle(struct probe *p, struct node *nodes, unsigned mask, int timeout_ms)
{
	static struct membership_view views[NODES];
	int64_t until = clock_monotonic_ms() + timeout_ms;
	double begun = probe_now_ms();
	bool settled = false;

	while (!settled && clock_monotonic_ms() < until) {
		for (int i = 0; i < NODES; i++)
			if (mask & 1u << i) {
				struct status status = membership_poll(nodes[i].membership, 20, &p->e);

				probe_check(p, status.kind != STATUS_REFUSED, "node %d refused", i);
				status = membership_look(nodes[i].membership, 2000, &views[i], &p->e);
				probe_check(p, ok(status) || status.kind == STATUS_RETRY, "node %d looks", i);
			}
		settled = agreed(views, mask);
	}
	probe_check(p, settled, "not each partition has one node after %d ms", timeout_ms);
	for (int i = 0; i < NODES; i++)
		if (mask & 1u << i)
			probe_check(p, views[i].joined && views[i].alone == (mask == 1u << i),
				"node %d is alone", i);
	return probe_now_ms() - begun;
}

void case_nodes(struct probe *p)
{
	struct node nodes[NODES] = {0};
	double begun;

	for (int i = 0; i < NODES; i++)
		if (!open_node(p, &nodes[i], i))
			return;
	probe_note("three nodes have settled after %.0f ms", settle(p, nodes, 7, 30000));
	begun = probe_now_ms();
	membership_close(nodes[2].membership);
	probe_note("one has left, in %.0f ms, and the others have settled after %.0f ms more",
		probe_now_ms() - begun, settle(p, nodes, 3, 30000));
	probe_note("another hangs, and the last has everything after %.0f ms", settle(p, nodes, 1, 40000));
	membership_close(nodes[1].membership);
	membership_close(nodes[0].membership);
}

/* The cluster goes away: neither a poll nor a look waits longer than it may. */
void case_nodes_frozen(struct probe *p)
{
	static struct membership_view view;
	struct node node = {0};
	int64_t until;

	if (!open_node(p, &node, 0))
		return;
	settle(p, &node, 1, 20000);
	probe_broker(p, "freeze");
	for (until = clock_monotonic_ms() + 10000; clock_monotonic_ms() < until;) {
		double begun = probe_now_ms();

		(void)ok(membership_poll(node.membership, 100, &p->e));
		probe_check(p, probe_now_ms() - begun < 400, "poll is bounded");
		begun = probe_now_ms();
		probe_check(p, !ok(membership_look(node.membership, 500, &view, &p->e)), "it cannot look");
		probe_check(p, probe_now_ms() - begun < 1000, "a look is bounded");
	}
	until = clock_monotonic_ms();
	membership_close(node.membership);
	probe_note("left a frozen cluster in %lld ms", (long long)(clock_monotonic_ms() - until));
	probe_check(p, clock_monotonic_ms() - until < 3500, "close is bounded");
	probe_broker(p, "thaw");
	error_free(&p->e);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases about several nodes: who looks after what, and how soon another does.
 */
#include "tests/system/kafka_probe.h"

#include "gateway/kafka/membership.h"

#define NODES      3
#define PARTITIONS 8

static int owners(struct membership *const *nodes, int32_t partition)
{
	int n = 0;

	for (int i = 0; i < NODES; i++)
		n += nodes[i] && membership_has(nodes[i], partition);
	return n;
}

/* Poll those in `mask` until each partition has exactly one of them, and nobody else counts. */
static double settle(struct probe *p, struct membership **nodes, unsigned mask, int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	double begun = probe_now_ms();
	bool settled = false;

	while (!settled && clock_monotonic_ms() < until) {
		struct membership *counted[NODES] = {0};

		settled = true;
		for (int i = 0; i < NODES; i++)
			if (mask & 1u << i) {
				struct status status = membership_poll(nodes[i], 50, &p->e);

				probe_check(p, status.kind != STATUS_REFUSED, "node %d refused", i);
				counted[i] = nodes[i];
				settled &= membership_known(nodes[i]);
			}
		for (int32_t k = 0; k < PARTITIONS; k++)
			settled &= owners(counted, k) == 1;
	}
	probe_check(p, settled, "not each partition has one node after %d ms", timeout_ms);
	return probe_now_ms() - begun;
}

void case_nodes(struct probe *p)
{
	struct membership *nodes[NODES] = {0};
	double begun;

	for (int i = 0; i < NODES; i++)
		if (!probe_check(p, ok(membership_open(&p->kafka, "anpr-nodes", LEDGER, &nodes[i], &p->e)),
			    "node %d", i))
			return;
	probe_note("three nodes have settled after %.0f ms", settle(p, nodes, 7, 30000));
	begun = probe_now_ms();
	membership_close(nodes[2]);
	nodes[2] = NULL;
	probe_note("one has left, in %.0f ms, and the others have settled after %.0f ms more",
		probe_now_ms() - begun, settle(p, nodes, 3, 30000));
	probe_note("another hangs, and the last has everything after %.0f ms", settle(p, nodes, 1, 40000));
	for (int32_t k = 0; k < PARTITIONS; k++)
		probe_check(p, membership_has(nodes[0], k), "partition %d", (int)k);
	probe_check(p, !membership_has(nodes[0], PARTITIONS) && !membership_has(nodes[0], -1),
		"what does not exist");
	membership_close(nodes[1]);
	membership_close(nodes[0]);
}

/* The cluster goes away: what a node has stays its own. */
void case_nodes_frozen(struct probe *p)
{
	struct membership *node = NULL;
	int64_t until;

	if (!probe_check(p, ok(membership_open(&p->kafka, "anpr-nodes", LEDGER, &node, &p->e)), "node"))
		return;
	for (until = clock_monotonic_ms() + 20000; !membership_known(node) && clock_monotonic_ms() < until;)
		(void)ok(membership_poll(node, 100, &p->e));
	probe_broker(p, "freeze");
	for (until = clock_monotonic_ms() + 10000; clock_monotonic_ms() < until;) {
		double begun = probe_now_ms();

		(void)ok(membership_poll(node, 100, &p->e));
		probe_check(p, probe_now_ms() - begun < 400, "poll is bounded");
		probe_check(p, membership_has(node, 0) && membership_has(node, PARTITIONS - 1),
			"it keeps what it has");
	}
	until = clock_monotonic_ms();
	membership_close(node);
	probe_note("left a frozen cluster in %lld ms", (long long)(clock_monotonic_ms() - until));
	probe_check(p, clock_monotonic_ms() - until < 3500, "close is bounded");
	probe_broker(p, "thaw");
	error_free(&p->e);
}

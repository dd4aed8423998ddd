/* SPDX-License-Identifier: Apache-2.0
 *
 * The state as policy takes it.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/state.h"

#include <stdlib.h>

void partner_input(const struct partner *p, struct policy_partner_input *out)
{
	*out = (struct policy_partner_input){
		.partner = p->id,
		.organisation = p->organisation,
		.clock_bound_ms = p->clock_bound_ms,
		.registers = p->registers,
		.n_registers = p->n_registers,
		.agreements = p->agreements,
		.n_agreements = p->n_agreements,
		.switches = p->switches,
		.n_switches = p->n_switches,
	};
}

struct status governance_snapshot(const struct governance *g, struct utc_ms now, struct policy_snapshot **out)
{
	struct policy_partner_input *input = memory_new(g->n_partners, sizeof *input);
	for (size_t i = 0; i < g->n_partners; i++)
		partner_input(&g->partners[i], &input[i]);
	struct status s = snapshot_compile(input, g->n_partners, g->sequence, now, out);
	free(input);
	return s;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The topics that reads may have gone to: those of every agreement that was ever consented to.
 */
#include "gateway/governance/state.h"

void governance_topics(
	const struct governance *g, void (*each)(void *context, const char *topic), void *context)
{
	for (size_t i = 0; i < g->n_partners; i++)
		for (size_t k = 0; k < g->partners[i].n_agreements; k++)
			each(context, g->partners[i].agreements[k].agreement->topic);
}

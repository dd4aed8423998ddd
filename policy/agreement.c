/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of an agreement. Reading and printing its text are gateway/text's.
 */
#include "policy/agreement.h"

#include <stdlib.h>

static void texts_free(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

static void rule_fini(struct rule *rule)
{
	free(rule->name);
	texts_free(rule->cameras, rule->n_cameras);
	free(rule->area);
	free(rule->zone);
	zone_release(rule->local);
}

struct agreement *agreement_hold(const struct agreement *a)
{
	struct agreement *held = (struct agreement *)a;

	__atomic_add_fetch(&held->references, 1, __ATOMIC_RELAXED);
	return held;
}

static void agreement_fini(struct agreement *a)
{
	free(a->id);
	free(a->partner);
	free(a->recipient);
	free(a->topic);
	texts_free(a->principals, a->n_principals);
	texts_free(a->verifiers, a->n_verifiers);
	texts_free(a->consents, a->n_consents);
	free(a->controller_name);
	free(a->controller_contact);
	free(a->instrument);
	free(a->necessity);
	for (size_t i = 0; i < a->n_documents; i++)
		free(a->documents[i].title);
	free(a->documents);
	texts_free(a->purposes, a->n_purposes);
	for (size_t i = 0; i < a->n_rules; i++)
		rule_fini(&a->rules[i]);
	free(a->rules);
}

void agreement_release(struct agreement *a)
{
	if (!a || __atomic_sub_fetch(&a->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	agreement_fini(a);
	free(a);
}

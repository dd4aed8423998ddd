/* SPDX-License-Identifier: Apache-2.0
 *
 * Who gave a command: every signature on it holds under the trust root of the organisation it speaks for, and
 * all are one person's, who is one of that organisation's people.
 */
#include "gateway/governance/plan.h"

#include "gateway/record/form.h"

static struct status verify_one(const struct plan *p, const struct organisation *o,
	const Anpr__V1__Signature *s, char *subject, struct error *e)
{
	struct span value = span_binary(s->value);
	struct trust trust = {buffer_span(&o->trust_root), o->revoked, o->n_revoked, p->at};
	switch (s->kind) {
	case ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_CMS:
		return cms_verify(value, span_binary(p->signed_command->command), &trust, subject, e);
	case ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED:
		return certificate_verify(value, &trust, subject, e);
	case ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_UNSPECIFIED:
	case _ANPR__V1__SIGNATURE_KIND_IS_INT_SIZE:
		break;
	}
	return state_refuse(e, "a signature of unknown kind");
}

struct status signer_judge(struct plan *p, struct error *e)
{
	const struct organisation *o = state_organisation(p->g, p->command->organisation);
	if (!o)
		return state_refuse(e, "%s is no organisation of this gateway", p->command->organisation);
	TRY(signed_command_check(p->signed_command, e));
	for (size_t i = 0; i < p->signed_command->n_signatures; i++) {
		const Anpr__V1__Signature *s = p->signed_command->signatures[i];
		char subject[256] = "";
		TRY(verify_one(p, o, s, subject, e));
		if (i > 0 && strcmp(subject, p->subject) != 0)
			return state_refuse(e, "signatures of more than one person");
		memcpy(p->subject, subject, sizeof subject);
		p->by_cms |= s->kind == ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_CMS;
		if (s->kind == ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED)
			p->seen = digest_of(span_binary(s->value));
	}
	p->roles = governance_roles(p->g, o->id, p->subject);
	if (!p->roles)
		return state_refuse(e, "%s is none of %s's people", p->subject, o->id);
	return S_OK;
}

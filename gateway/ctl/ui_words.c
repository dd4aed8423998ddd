/* SPDX-License-Identifier: Apache-2.0
 *
 * What somebody is about to sign, in a line of the terminal: made of the command itself, not of what the page
 * says about it.
 */
#include "gateway/ctl/ui.h"

#include "gateway/text/fields.h"

static struct status part(struct buffer *out, const char *name, const char *text)
{
	return *text ? buffer_format(out, ", %s %s", name, text) : S_OK;
}

static struct status cameras_words(const Anpr__V1__CameraSelector *s, struct buffer *out)
{
	if (!s)
		return S_OK;
	if (s->n_patterns > 0)
		TRY(buffer_format(out, ", cameras %s", s->patterns[0]));
	if (s->n_patterns > 1)
		TRY(buffer_format(out, " and %zu more", s->n_patterns - 1));
	return part(out, "area", s->area);
}

static struct status switch_words(const Anpr__V1__SetSwitch *s, struct buffer *out)
{
	static const char *const classes[] = {"", "read", "plate_patch", "overview"};
	bool off = s->position == ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	char period[32];

	TRY(buffer_format(out, "%s %s", off ? "off" : "on", *s->partner ? s->partner : "every partner"));
	TRY(part(out, "agreement", s->agreement));
	TRY(part(out, "rule", s->rule));
	TRY(cameras_words(s->cameras, out));
	TRY(part(out, "class",
		(unsigned)s->data_class < sizeof classes / sizeof *classes ? classes[s->data_class]
									   : "unknown"));
	return s->for_ms > 0 && s->for_ms < INT64_MAX
		       ? part(out, "for", duration_format(period, (int64_t)s->for_ms))
		       : S_OK;
}

static const char *kind_word(Anpr__V1__DocumentKind kind)
{
	switch (kind) {
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT:
		return "an agreement";
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER:
		return "a register";
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_ORGANISATION:
		return "an organisation";
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REVOCATION_LIST:
		return "a revocation list";
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_PARTNER:
		return "a partner";
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_NODE_KEY:
		return "a node's key";
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_TRIAL:
		return "a trial";
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED:
	case _ANPR__V1__DOCUMENT_KIND_IS_INT_SIZE:
		break;
	}
	return "something unknown";
}

static struct status propose_words(const Anpr__V1__Propose *p, struct buffer *out)
{
	const Anpr__V1__DocumentRef *d = p->document;

	if (!d)
		return buffer_append_text(out, "propose nothing");
	TRY(buffer_format(out, "propose %s, %s of %llu bytes", *d->name ? d->name : "a text",
		kind_word(d->kind), (unsigned long long)d->size));
	return part(out, "partner", p->partner);
}

static struct status ask_words(const Anpr__V1__Command *c, struct buffer *out)
{
	switch (c->ask_case) {
	case ANPR__V1__COMMAND__ASK_SET_SWITCH:
		return switch_words(c->set_switch, out);
	case ANPR__V1__COMMAND__ASK_PROPOSE:
		return propose_words(c->propose, out);
	case ANPR__V1__COMMAND__ASK_APPROVE:
		return buffer_format(out, "approve proposal %llu", (unsigned long long)c->approve->proposal);
	case ANPR__V1__COMMAND__ASK_REFUSE:
		return buffer_format(out, "refuse proposal %llu", (unsigned long long)c->refuse->proposal);
	case ANPR__V1__COMMAND__ASK_WITHDRAW:
		return buffer_format(out, "withdraw agreement %s", c->withdraw->agreement);
	case ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP:
		return buffer_format(out, "acknowledge the gap of %s", c->acknowledge_gap->partner);
	case ANPR__V1__COMMAND__ASK__NOT_SET:
	case _ANPR__V1__COMMAND__ASK__CASE_IS_INT_SIZE:
		break;
	}
	return buffer_append_text(out, "nothing");
}

struct status command_words(const Anpr__V1__Command *command, struct buffer *out)
{
	TRY(ask_words(command, out));
	return *command->reason ? buffer_format(out, ", because: %s", command->reason) : S_OK;
}

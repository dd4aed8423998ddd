/* SPDX-License-Identifier: Apache-2.0
 *
 * Specs, views, findings and steps as plain text and as JSON.
 */
#include "gateway/kafka/cluster_internal.h"

static const char *severity_word(enum cluster_severity severity)
{
	switch (severity) {
	case CLUSTER_BREAKS:
		return "breaks";
	case CLUSTER_LACKS:
		return "lacks";
	case CLUSTER_WARNS:
		return "warns";
	case CLUSTER_NOTES:
		return "notes";
	}
	return "?";
}

static struct status json_text(struct buffer *out, const char *text)
{
	if (!text)
		return buffer_append_text(out, "null");
	TRY(buffer_append_text(out, "\""));
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			TRY(buffer_format(out, "\\%c", c));
		else if (c < 0x20 || c == 0x7f)
			TRY(buffer_format(out, "\\u%04x", c));
		else
			TRY(buffer_append(out, span_of(text, 1)));
	}
	return buffer_append_text(out, "\"");
}

static struct status json_member(struct buffer *out, const char *name, const char *value, bool first)
{
	TRY(buffer_format(out, "%s\"%s\":", first ? "" : ",", name));
	return json_text(out, value);
}

static struct status json_acls(struct buffer *out, const struct acls *acls)
{
	TRY(buffer_append_text(out, "\"rights\":["));
	for (size_t i = 0; i < acls->n; i++) {
		const struct acl *a = &acls->items[i];

		TRY(buffer_append_text(out, i ? ",{" : "{"));
		TRY(json_member(out, "permission", a->deny ? "deny" : "allow", true));
		TRY(json_member(out, "principal", a->principal, false));
		TRY(json_member(out, "operation", a->operation, false));
		TRY(json_member(out, "resource", resource_name(a->resource), false));
		TRY(json_member(out, "name", a->name, false));
		TRY(json_member(out, "pattern", a->prefixed ? "prefixed" : "literal", false));
		TRY(json_member(out, "host", a->host, false));
		TRY(buffer_append_text(out, "}"));
	}
	return buffer_append_text(out, "]");
}

static struct status json_rights(struct buffer *out, const struct cluster_view *view)
{
	return view->acls_problem ? json_member(out, "rights_problem", view->acls_problem, true)
				  : json_acls(out, &view->acls);
}

static struct status text_acls(struct buffer *out, const struct acls *acls)
{
	struct arena memory = {0};
	struct status status = S_OK;

	for (size_t i = 0; i < acls->n && ok(status); i++) {
		const char *text = acl_text(&memory, &acls->items[i]);

		status = text ? buffer_format(out, "  %s\n", text) : S_OVERLOAD;
	}
	arena_free(&memory);
	return status;
}

static struct status json_settings(struct buffer *out, const struct setting *settings, size_t n)
{
	TRY(buffer_append_text(out, "\"settings\":{"));
	for (size_t i = 0; i < n; i++)
		TRY(json_member(out, settings[i].name, settings[i].value, i == 0));
	return buffer_append_text(out, "}");
}

static struct status spec_as_json(const struct cluster_spec *spec, struct buffer *out)
{
	TRY(buffer_format(out, "{\"copies\":%d,\"topics\":[", spec->copies));
	for (size_t i = 0; i < spec->n_topics; i++) {
		const struct spec_topic *t = &spec->topics[i];

		TRY(buffer_append_text(out, i ? ",{" : "{"));
		TRY(json_member(out, "name", t->name, true));
		TRY(buffer_format(out, ",\"partitions\":%d,", (int)t->partitions));
		TRY(json_settings(out, t->settings, t->n));
		TRY(buffer_append_text(out, "}"));
	}
	TRY(buffer_append_text(out, "],\"brokers\":{"));
	TRY(json_settings(out, spec->brokers, spec->n_brokers));
	TRY(buffer_append_text(out, "},"));
	TRY(json_acls(out, &spec->acls));
	return buffer_append_text(out, "}\n");
}

static struct status spec_as_text(const struct cluster_spec *spec, struct buffer *out)
{
	for (size_t i = 0; i < spec->n_topics; i++) {
		const struct spec_topic *t = &spec->topics[i];

		TRY(buffer_format(out, "topic %s: %d partition%s, %d cop%s\n", t->name, (int)t->partitions,
			t->partitions == 1 ? "" : "s", spec->copies, spec->copies == 1 ? "y" : "ies"));
		for (size_t k = 0; k < t->n; k++)
			TRY(buffer_format(out, "  %s=%s\n", t->settings[k].name, t->settings[k].value));
	}
	TRY(buffer_append_text(out, "every broker:\n"));
	for (size_t k = 0; k < spec->n_brokers; k++)
		TRY(buffer_format(out, "  %s=%s\n", spec->brokers[k].name, spec->brokers[k].value));
	TRY(buffer_append_text(out, "rights:\n"));
	return text_acls(out, &spec->acls);
}

struct status cluster_print_spec(const struct cluster_spec *spec, bool json, struct buffer *out)
{
	return json ? spec_as_json(spec, out) : spec_as_text(spec, out);
}

/* Defaults are left out: Kafka has hundreds. */
static struct status view_settings_as(
	bool json, const struct view_settings *settings, bool all, struct buffer *out)
{
	bool first = true;

	if (settings->problem) {
		if (!json)
			return buffer_format(out, "  settings not known: %s\n", settings->problem);
		TRY(buffer_append_text(out, "\"problem\":"));
		return json_text(out, settings->problem);
	}
	if (json)
		TRY(buffer_append_text(out, "\"settings\":{"));
	for (size_t i = 0; i < settings->n; i++) {
		const struct view_setting *s = &settings->items[i];

		if (!all && !s->own)
			continue;
		if (json)
			TRY(json_member(out, s->name, s->value, first));
		else
			TRY(buffer_format(
				out, "  %s=%s\n", s->name, s->value ? s->value : "(not disclosed)"));
		first = false;
	}
	return json ? buffer_append_text(out, "}") : S_OK;
}

static struct status view_as_json(const struct cluster_view *view, struct buffer *out)
{
	TRY(buffer_append_text(out, "{\"brokers\":["));
	for (size_t i = 0; i < view->n_brokers; i++) {
		const struct view_broker *b = &view->brokers[i];

		TRY(buffer_format(out, "%s{\"id\":%d", i ? "," : "", (int)b->id));
		TRY(json_member(out, "address", b->address, false));
		TRY(buffer_append_text(out, ","));
		TRY(view_settings_as(true, &b->settings, true, out));
		TRY(buffer_append_text(out, "}"));
	}
	TRY(buffer_append_text(out, "],\"topics\":["));
	for (size_t i = 0; i < view->n_topics; i++) {
		const struct view_topic *t = &view->topics[i];

		TRY(buffer_append_text(out, i ? ",{" : "{"));
		TRY(json_member(out, "name", t->name, true));
		TRY(buffer_format(out, ",\"partitions\":%d,\"copies\":%d,\"in_sync\":%d,", (int)t->partitions,
			t->copies, t->in_sync));
		TRY(view_settings_as(true, &t->settings, true, out));
		TRY(buffer_append_text(out, "}"));
	}
	TRY(buffer_append_text(out, "],"));
	TRY(json_rights(out, view));
	return buffer_append_text(out, "}\n");
}

struct status cluster_print_rights(const struct cluster_view *view, struct buffer *out)
{
	TRY(buffer_append_text(out, "{"));
	TRY(json_rights(out, view));
	return buffer_append_text(out, "}\n");
}

static struct status view_as_text(const struct cluster_view *view, struct buffer *out)
{
	for (size_t i = 0; i < view->n_brokers; i++) {
		TRY(buffer_format(
			out, "broker %d at %s\n", (int)view->brokers[i].id, view->brokers[i].address));
		if (view->brokers[i].settings.problem)
			TRY(view_settings_as(false, &view->brokers[i].settings, false, out));
	}
	for (size_t i = 0; i < view->n_topics; i++) {
		const struct view_topic *t = &view->topics[i];

		if (t->partitions == 0) {
			TRY(buffer_format(out, "topic %s: does not exist, or may not be seen\n", t->name));
			continue;
		}
		TRY(buffer_format(out, "topic %s: %d partition%s, %d cop%s, %d in sync\n", t->name,
			(int)t->partitions, t->partitions == 1 ? "" : "s", t->copies,
			t->copies == 1 ? "y" : "ies", t->in_sync));
		TRY(view_settings_as(false, &t->settings, false, out));
	}
	if (view->acls_problem)
		return buffer_format(out, "rights not known: %s\n", view->acls_problem);
	TRY(buffer_append_text(out, "rights:\n"));
	return text_acls(out, &view->acls);
}

struct status cluster_print_view(const struct cluster_view *view, bool json, struct buffer *out)
{
	return json ? view_as_json(view, out) : view_as_text(view, out);
}

struct status cluster_print_findings(const struct cluster_findings *findings, bool json, struct buffer *out)
{
	if (json)
		TRY(buffer_append_text(out, "{\"findings\":["));
	for (size_t i = 0; i < findings->n; i++) {
		const struct cluster_finding *f = &findings->items[i];

		if (!json) {
			TRY(buffer_format(out, "%s  %s: %s: found %s, wanted %s\n        %s\n",
				severity_word(f->severity), f->where, f->what, f->found, f->wanted,
				f->remedy));
			continue;
		}
		TRY(buffer_append_text(out, i ? ",{" : "{"));
		TRY(json_member(out, "severity", severity_word(f->severity), true));
		TRY(json_member(out, "topic", f->topic, false));
		TRY(json_member(out, "where", f->where, false));
		TRY(json_member(out, "what", f->what, false));
		TRY(json_member(out, "found", f->found, false));
		TRY(json_member(out, "wanted", f->wanted, false));
		TRY(json_member(out, "remedy", f->remedy, false));
		TRY(buffer_append_text(out, "}"));
	}
	return json ? buffer_append_text(out, "]}\n") : S_OK;
}

struct status cluster_print_steps(const struct cluster_steps *steps, bool json, struct buffer *out)
{
	if (json)
		TRY(buffer_format(out, "{\"only_said\":%s,\"steps\":[", steps->only_said ? "true" : "false"));
	for (size_t i = 0; i < steps->n; i++) {
		const struct cluster_step *s = &steps->items[i];

		if (!json) {
			TRY(buffer_format(out, "%s  %s%s%s\n",
				s->problem         ? "FAILED"
				: steps->only_said ? "would"
						   : "done",
				s->text, s->problem ? ": " : "", s->problem ? s->problem : ""));
			continue;
		}
		TRY(buffer_append_text(out, i ? ",{" : "{"));
		TRY(json_member(out, "step", s->text, true));
		TRY(json_member(out, "problem", s->problem, false));
		TRY(buffer_append_text(out, "}"));
	}
	if (!json)
		return steps->n ? S_OK : buffer_append_text(out, "all is as wanted\n");
	return buffer_append_text(out, "]}\n");
}

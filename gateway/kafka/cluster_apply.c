/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting a spec into effect: what is missing is made, topics' settings are corrected. Nothing is ever taken
 * away, and each step that fails is told and the next one tried. Done again, there is nothing left to do.
 */
#include "gateway/kafka/acl_wire.h"
#include "gateway/kafka/admin.h"

#include <stdlib.h>

struct job {
	const struct kafka_config *config;
	const struct cluster_spec *spec;
	const struct cluster_view *view;
	struct admin *admin; /* NULL = only say */
	struct cluster_steps *out;
};

static struct status step(struct job *j, const char *text, struct cluster_step **out)
{
	struct cluster_step *at = LIST_PUSH(&j->out->memory, j->out->items, j->out->n, j->out->cap);

	REQUIRE(at && text, S_OVERLOAD);
	*at = (struct cluster_step){.text = text};
	*out = at;
	return S_OK;
}

/* The answer to the one request that is under way; NULL, with the step's problem set, where there is none. */
static rd_kafka_event_t *answer_for(struct job *j, struct cluster_step *s)
{
	rd_kafka_event_t *answer = NULL;
	struct error e = {0};

	if (!ok(admin_answer(j->admin, "asking the cluster", &answer, NULL, &e)))
		s->problem = text_copy(&j->out->memory, error_text(&e));
	error_free(&e);
	return answer;
}

static const char *settings_text(struct job *j, const struct spec_topic *t, const struct view_settings *found)
{
	const char *text = "";

	for (size_t i = 0; i < t->n && text; i++)
		if (!found || !setting_is_as_wanted(t, &t->settings[i], found))
			text = text_format(&j->out->memory, "%s%s%s=%s", text, *text ? " " : "",
				t->settings[i].name, t->settings[i].value);
	return text;
}

static rd_kafka_NewTopic_t *new_topic(const struct cluster_spec *spec, const struct spec_topic *t)
{
	char words[256];
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(t->name, t->partitions, spec->copies, words, sizeof words);

	for (size_t i = 0; topic && i < t->n; i++)
		rd_kafka_NewTopic_set_config(topic, t->settings[i].name, t->settings[i].value);
	return topic;
}

static void take_created(struct job *j, struct cluster_step *s, rd_kafka_event_t *answer)
{
	const rd_kafka_topic_result_t **results;
	size_t n;

	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &n);
	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
		const char *words = rd_kafka_topic_result_error_string(results[i]);

		if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			s->problem = text_format(&j->out->memory, "%s (%s)",
				words ? words : rd_kafka_err2str(error), rd_kafka_err2name(error));
	}
}

static struct status create_topic(struct job *j, const struct spec_topic *t)
{
	rd_kafka_AdminOptions_t *options;
	rd_kafka_NewTopic_t *topic;
	rd_kafka_event_t *answer;
	struct cluster_step *s;

	TRY(step(j,
		text_format(&j->out->memory, "create topic %s: %d partitions, %d copies, %s", t->name,
			(int)t->partitions, j->spec->copies, settings_text(j, t, NULL)),
		&s));
	if (!j->admin)
		return S_OK;
	topic = new_topic(j->spec, t);
	REQUIRE(topic, S_OVERLOAD);
	options = admin_options(j->admin, RD_KAFKA_ADMIN_OP_CREATETOPICS, NULL);
	rd_kafka_CreateTopics(j->admin->rk, &topic, 1, options, j->admin->answers);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy(topic);
	answer = answer_for(j, s);
	if (answer) {
		take_created(j, s, answer);
		rd_kafka_event_destroy(answer);
	}
	return S_OK;
}

/* Whether the setting is one that is about to be corrected. */
static bool is_corrected(const struct spec_topic *t, const struct view_topic *found, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->settings[i].name, name) == 0)
			return !setting_is_as_wanted(t, &t->settings[i], &found->settings);
	return false;
}

/* The request replaces all settings of the topic's own, so those that stay are sent along unchanged; Kafka
 * refuses one that is named twice. */
static rd_kafka_ConfigResource_t *altered(const struct spec_topic *t, const struct view_topic *found)
{
	rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, t->name);

	for (size_t i = 0; i < found->settings.n; i++) {
		const struct view_setting *have = &found->settings.items[i];

		if (have->own && have->value && !is_corrected(t, found, have->name))
			rd_kafka_ConfigResource_set_config(resource, have->name, have->value);
	}
	for (size_t i = 0; i < t->n; i++)
		if (!setting_is_as_wanted(t, &t->settings[i], &found->settings))
			rd_kafka_ConfigResource_set_config(
				resource, t->settings[i].name, t->settings[i].value);
	return resource;
}

static void take_altered(struct job *j, struct cluster_step *s, rd_kafka_event_t *answer)
{
	const rd_kafka_ConfigResource_t **results;
	size_t n;

	results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(answer), &n);
	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(results[i]);
		const char *words = rd_kafka_ConfigResource_error_string(results[i]);

		if (error)
			s->problem = text_format(&j->out->memory, "%s (%s)",
				words ? words : rd_kafka_err2str(error), rd_kafka_err2name(error));
	}
}

static struct status alter_topic(struct job *j, const struct spec_topic *t, const struct view_topic *found)
{
	rd_kafka_ConfigResource_t *resource;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_event_t *answer;
	struct cluster_step *s;
	const char *settings = settings_text(j, t, &found->settings);

	REQUIRE(settings, S_OVERLOAD);
	if (!*settings)
		return S_OK;
	TRY(step(j, text_format(&j->out->memory, "set for topic %s: %s", t->name, settings), &s));
	s->problem = text_copy(&j->out->memory, found->settings.problem);
	if (!j->admin || s->problem)
		return S_OK;
	resource = altered(t, found);
	options = admin_options(j->admin, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, NULL);
	rd_kafka_AlterConfigs(j->admin->rk, &resource, 1, options, j->admin->answers);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy(resource);
	answer = answer_for(j, s);
	if (answer) {
		take_altered(j, s, answer);
		rd_kafka_event_destroy(answer);
	}
	return S_OK;
}

static void give_by_hand(struct job *j, const struct acl *acl, struct cluster_step *s)
{
	struct error e = {0};

	if (!ok(acl_wire_create(j->config, acl, admin_operation(acl->operation), admin_left(j->admin), &e)))
		s->problem = text_copy(&j->out->memory, error_text(&e));
	error_free(&e);
}

/* What is given in one request: each right with the number of its step. */
struct gift {
	rd_kafka_AclBinding_t **bindings;
	size_t *steps;
	size_t n;
};

static struct status collect(struct job *j, struct gift *gift)
{
	for (size_t i = 0; i < j->spec->acls.n; i++) {
		const struct acl *acl = &j->spec->acls.items[i];
		rd_kafka_AclBinding_t *binding;
		struct cluster_step *s;

		if (acl_is_given(j->view, acl))
			continue;
		TRY(step(j, acl_text(&j->out->memory, acl), &s));
		if (!j->admin)
			continue;
		binding = admin_acl(acl);
		if (!binding) {
			give_by_hand(j, acl, s);
			continue;
		}
		gift->steps[gift->n] = j->out->n - 1;
		gift->bindings[gift->n++] = binding;
	}
	return S_OK;
}

static void take_given(struct job *j, const struct gift *gift, rd_kafka_event_t *answer)
{
	const rd_kafka_acl_result_t **results;
	size_t n;

	results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(answer), &n);
	for (size_t i = 0; i < n && i < gift->n; i++) {
		const rd_kafka_error_t *error = rd_kafka_acl_result_error(results[i]);

		if (error)
			j->out->items[gift->steps[i]].problem = text_format(&j->out->memory, "%s (%s)",
				rd_kafka_error_string(error), rd_kafka_error_name(error));
	}
}

static void give(struct job *j, const struct gift *gift)
{
	rd_kafka_AdminOptions_t *options = admin_options(j->admin, RD_KAFKA_ADMIN_OP_CREATEACLS, NULL);
	struct cluster_step whole = {0};
	rd_kafka_event_t *answer;

	rd_kafka_CreateAcls(j->admin->rk, gift->bindings, gift->n, options, j->admin->answers);
	rd_kafka_AdminOptions_destroy(options);
	answer = answer_for(j, &whole);
	if (answer) {
		take_given(j, gift, answer);
		rd_kafka_event_destroy(answer);
	}
	for (size_t i = 0; whole.problem && i < gift->n; i++)
		j->out->items[gift->steps[i]].problem = whole.problem;
}

static struct status give_rights(struct job *j)
{
	struct gift gift = {.bindings = calloc(j->spec->acls.n + 1, sizeof *gift.bindings),
		.steps = calloc(j->spec->acls.n + 1, sizeof *gift.steps)};
	struct status status = S_OVERLOAD;

	if (gift.bindings && gift.steps)
		status = collect(j, &gift);
	if (ok(status) && gift.n)
		give(j, &gift);
	rd_kafka_AclBinding_destroy_array(gift.bindings, gift.n);
	free(gift.bindings);
	free(gift.steps);
	return status;
}

static struct status apply(struct job *j)
{
	for (size_t i = 0; i < j->spec->n_topics; i++) {
		const struct spec_topic *t = &j->spec->topics[i];
		const struct view_topic *found = view_topic(j->view, t->name);

		TRY(!found || found->partitions == 0 ? create_topic(j, t) : alter_topic(j, t, found));
	}
	return give_rights(j);
}

static struct status verdict(const struct cluster_steps *out, struct error *e)
{
	struct status status = S_OK;

	for (size_t i = 0; i < out->n; i++) {
		if (!out->items[i].problem)
			continue;
		error_add(e, NULL, 0, 0, "%s: %s", out->items[i].text, out->items[i].problem);
		status = S_REFUSED;
	}
	return status;
}

struct status cluster_apply(const struct kafka_config *config, const struct cluster_spec *spec, bool only_say,
	int timeout_ms, struct cluster_steps *out, struct error *e)
{
	struct cluster_view *view = NULL;
	struct admin admin;
	struct job j = {.config = config, .spec = spec, .admin = only_say ? NULL : &admin, .out = out};
	struct status status;

	out->only_said = only_say;
	TRY(cluster_show(config, spec, timeout_ms, &view, e));
	j.view = view;
	status = admin_open(config, timeout_ms, &admin, e);
	if (ok(status))
		status = apply(&j);
	admin_close(&admin);
	cluster_view_free(view);
	return ok(status) ? verdict(out, e) : status;
}

void cluster_steps_free(struct cluster_steps *steps)
{
	arena_free(&steps->memory);
	*steps = (struct cluster_steps){0};
}

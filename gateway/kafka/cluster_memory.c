/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrays and texts in an arena, and small questions about a spec's and a view's parts.
 */
#include "gateway/kafka/cluster_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *list_push(struct arena *memory, void *items, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? 2 * *cap : 8;
		void *grown = arena_alloc(memory, more * size);

		if (!grown)
			return NULL;
		if (*n)
			memcpy(grown, items, *n * size);
		items = grown;
		*cap = more;
	}
	++*n;
	return items;
}

const char *text_format(struct arena *memory, const char *format, ...)
{
	char text[2048];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (n < 0)
		n = 0;
	return arena_text(memory, span_of(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

const char *text_copy(struct arena *memory, const char *text)
{
	return text ? arena_text(memory, span_text(text)) : NULL;
}

const struct view_topic *view_topic(const struct cluster_view *view, const char *name)
{
	for (size_t i = 0; i < view->n_topics; i++)
		if (strcmp(view->topics[i].name, name) == 0)
			return &view->topics[i];
	return NULL;
}

const struct view_setting *view_setting(const struct view_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->n; i++)
		if (strcmp(settings->items[i].name, name) == 0)
			return &settings->items[i];
	return NULL;
}

/* -1 counts as more than any number: it is how Kafka writes 'no limit'. */
static bool number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	if (end == text || *end)
		return false;
	if (*out < 0)
		*out = 1e300;
	return true;
}

bool setting_is_as_wanted(
	const struct spec_topic *topic, const struct setting *wanted, const struct view_settings *found)
{
	const struct view_setting *f = view_setting(found, wanted->name), *segment, *retention;
	double have, want;

	if (!f || !f->value)
		return false;
	switch (wanted->rule) {
	case RULE_EXACT:
		break;
	case RULE_AT_LEAST:
		return number(f->value, &have) && number(wanted->value, &want) && have >= want;
	case RULE_AT_MOST:
		return number(f->value, &have) && number(wanted->value, &want) && have <= want;
	case RULE_TOGETHER:
		segment = view_setting(found, "segment.ms");
		retention = view_setting(found, "retention.ms");
		return segment && segment->value && number(segment->value, &have) && retention &&
		       retention->value && number(retention->value, &want) &&
		       have + want <= (double)topic->keep_for_ms;
	}
	return strcmp(f->value, wanted->value) == 0;
}

bool acl_equal(const struct acl *a, const struct acl *b)
{
	return a->resource == b->resource && a->prefixed == b->prefixed && a->deny == b->deny &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->principal, b->principal) == 0 &&
	       strcmp(a->operation, b->operation) == 0 && strcmp(a->host, b->host) == 0;
}

const char *resource_name(enum resource resource)
{
	switch (resource) {
	case RESOURCE_TOPIC:
		return "topic";
	case RESOURCE_GROUP:
		return "group";
	case RESOURCE_CLUSTER:
		return "cluster";
	case RESOURCE_TRANSACTIONAL_ID:
		return "transactional-id";
	}
	return "?";
}

const char *acl_text(struct arena *memory, const struct acl *a)
{
	bool named = a->resource != RESOURCE_CLUSTER, anywhere = strcmp(a->host, "*") == 0;

	return text_format(memory, "%s %s %s on %s%s%s%s%s%s", a->deny ? "deny" : "allow", a->principal,
		a->operation, resource_name(a->resource), a->prefixed ? "s beginning with" : "",
		named ? " " : "", named ? a->name : "", anywhere ? "" : " from ", anywhere ? "" : a->host);
}

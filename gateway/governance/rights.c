/* SPDX-License-Identifier: Apache-2.0
 *
 * See rights.h.
 */
#include "gateway/governance/rights.h"

#include <string.h>

static bool text_is(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && strcmp(value, text) == 0;
}

bool right_reads(const json_t *right, const char *topic)
{
	const char *name = json_string_value(json_object_get(right, "name"));

	if (!name || !text_is(right, "resource", "topic") ||
		(!text_is(right, "operation", "READ") && !text_is(right, "operation", "ALL")))
		return false;
	if (text_is(right, "pattern", "prefixed"))
		return strncmp(topic, name, strlen(name)) == 0;
	return strcmp(name, topic) == 0 || strcmp(name, "*") == 0;
}

const char *rights_unknown(const json_t *told)
{
	const json_t *problem = json_object_get(told, "rights_problem");

	if (problem)
		return json_is_string(problem) ? json_string_value(problem) : "the brokers did not say why";
	/* Who may not ask for rights is told none, without an error (Kafka 4.1, librdkafka 2.0 to 2.16). */
	return json_array_size(json_object_get(told, "rights")) == 0
		       ? "the brokers told no rights at all: this certificate may not ask for them"
		       : NULL;
}

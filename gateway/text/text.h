/* SPDX-License-Identifier: Apache-2.0
 *
 * Agreements (YAML) and registers (CSV) into policy's structs, every problem found at once with its line and
 * column.
 */
#ifndef ANPR_TEXT_TEXT_H
#define ANPR_TEXT_TEXT_H

#include "gateway/base/buffer.h"
#include "gateway/base/error.h"
#include "policy/agreement.h"
#include "policy/register.h"

/* `name` is the file's, for messages. errors: BAD_INPUT with everything that is wrong in `e`. */
MUST struct status agreement_parse(
	struct span text, const char *name, struct agreement **out, struct error *e);
/* The canonical form, which parses to itself. */
MUST struct status agreement_print(const struct agreement *a, struct buffer *out);
/* A rule's hours in words, "mon tue 20:00 to 06:00, Europe/London", and a moment by its local clocks, "sun
 * 02:30". Appended; only for a rule that has hours. */
MUST struct status rule_hours_print(const struct rule *rule, struct buffer *out);
MUST struct status rule_local_print(const struct rule *rule, struct utc_ms at, struct buffer *out);
MUST struct status register_parse(
	struct span text, const char *name, struct camera_register **out, struct error *e);

#endif

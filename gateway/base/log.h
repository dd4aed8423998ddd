/* SPDX-License-Identifier: Apache-2.0
 *
 * Logs in logfmt on standard error: time, level, role, event, fields. A field is a name from our own source
 * and a value that is not personal: no VRM, tag, image, camera position or anything else out of a read ever
 * goes in.
 */
#ifndef ANPR_BASE_LOG_H
#define ANPR_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Once, at the start of a process. `role` is borrowed for ever. */
void log_open(const char *role, enum log_level level);
/* `event` is a fixed word or two; `format` gives further fields in logfmt, already quoted where need be. */
void log_write(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A value made safe for logfmt: quoted, control characters made spaces, cut at 300 bytes. `to` is returned.
 */
const char *log_quote(char *to, unsigned long cap, const char *text);

#define LOG_QUOTE(text)       log_quote((char[640]){0}, 640, (text))
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  log_write(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  log_write(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

#endif

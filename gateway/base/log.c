/* SPDX-License-Identifier: Apache-2.0
 *
 * One write(2) a line, so that lines of several threads and processes never mix.
 */
#include "gateway/base/log.h"

#include "gateway/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

static const char *log_role = "-";
static enum log_level log_most = LOG_LEVEL_INFO;

void log_open(const char *role, enum log_level level)
{
	log_role = role;
	log_most = level;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "error";
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list arguments;
	int n;

	if (level > log_most)
		return;
	n = snprintf(line, sizeof line, "time=%s level=%s role=%s event=\"%s\"", CLOCK_TEXT(clock_now()),
		level_name(level), log_role, event);
	if (n > 0 && (size_t)n < sizeof line - 2 && format[0]) {
		line[n++] = ' ';
		va_start(arguments, format);
		n += vsnprintf(line + n, sizeof line - (size_t)n, format, arguments);
		va_end(arguments);
	}
	if (n < 0)
		return;
	if ((size_t)n > sizeof line - 1)
		n = sizeof line - 1;
	line[n++] = '\n';
	/* A log that cannot be written has nowhere to say so. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

const char *log_quote(char *to, unsigned long cap, const char *text)
{
	size_t n = 0, limit = cap < 302 ? cap : 302;

	to[n++] = '"';
	for (; text && *text && n + 4 <= limit; text++) {
		if (*text == '"' || *text == '\\')
			to[n++] = '\\';
		to[n] = *text;
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			to[n] = ' ';
		n++;
	}
	to[n++] = '"';
	to[n] = 0;
	return to;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What people see. Everything that came over a network goes through print_plain.
 */
#include "gateway/ctl/screen.h"

#include "gateway/ctl/ctl.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct colours *colours(void)
{
	static const struct colours none = {"", "", "", "", "", ""};
	static const struct colours some = {"\33[32m", "\33[31m", "\33[33m", "\33[1m", "\33[2m", "\33[0m"};
	static int terminal = -1;

	if (terminal < 0) {
		const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
		terminal = isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
			   strcmp(term, "dumb") != 0;
	}
	return terminal ? &some : &none;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

void print_plain(const char *text)
{
	if (!text)
		text = "-";
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		/* U+0080 to U+009F, the control characters above ASCII */
		bool c1 = c == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] <= 0x9f;
		putchar(is_control(c) ? ' ' : c1 ? '?' : c);
		text += c1;
	}
}

/* Columns a text takes: code points, which is right for the scripts of names here. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_add(struct table *t, const char *text)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		char **cells = reallocarray(t->cells, cap, sizeof *cells);
		if (!cells)
			abort();
		t->cells = cells;
		t->cap = cap;
	}
	t->cells[t->n++] = strdup(text && *text ? text : "-");
}

void table_begin(struct table *t, const char *const *headings)
{
	*t = (struct table){0};
	for (; headings[t->n_columns]; t->n_columns++)
		table_add(t, headings[t->n_columns]);
}

void table_format(struct table *t, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	table_add(t, text);
}

static void row_print(const struct table *t, size_t row, const size_t *widths)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		const char *cell = t->cells[row * t->n_columns + i];
		print_plain(cell);
		if (i + 1 < t->n_columns)
			printf("%*s", (int)(widths[i] - width(cell) + 2), "");
	}
	putchar('\n');
}

void table_end(struct table *t, const char *none)
{
	size_t widths[TABLE_COLUMNS] = {0}, rows = t->n / t->n_columns;

	for (size_t i = 0; i < rows * t->n_columns; i++)
		if (width(t->cells[i]) > widths[i % t->n_columns])
			widths[i % t->n_columns] = width(t->cells[i]);
	for (size_t row = rows > 1 ? 0 : rows; row < rows; row++) {
		fputs(row == 0 ? colours()->faint : "", stdout);
		row_print(t, row, widths);
		fputs(row == 0 ? colours()->plain : "", stdout);
	}
	if (rows <= 1)
		puts(none);
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
}

/* Columns of a line; 0 = as many as it takes. */
static size_t screen_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && strtol(columns, NULL, 10) > 0)
		return (size_t)strtol(columns, NULL, 10);
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

#define FIELD_COLUMN 13 /* where the value of a field begins */

/* Word by word, with further lines under the first word, or under the text that a sign stands before. `text`
 * is cut up. */
static void hang_print(char *text)
{
	size_t lead = strspn(text, " +-!"), indent = FIELD_COLUMN + (text[lead] ? lead : 0);
	size_t limit = screen_width(), column = FIELD_COLUMN;

	limit = limit > indent + 20 ? limit : SIZE_MAX;
	for (char *word = text, *next; word; word = next) {
		size_t n = word == text ? lead + strcspn(text + lead, " ") : strcspn(word, " ");

		next = word[n] ? word + n + 1 : NULL;
		word[n] = 0;
		if (word != text && column + 1 + width(word) > limit) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (word != text) {
			putchar(' ');
			column++;
		}
		print_plain(word);
		column += width(word);
	}
	putchar('\n');
}

void print_field(const char *name, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	printf("  %s%-10s%s ", colours()->faint, name, colours()->plain);
	hang_print(text);
	free(text);
}

static void fail_say(const struct options *o, const char *text)
{
	json_t *body = o->json ? json_pack("{s:s}", "error", text) : NULL;

	if (body) {
		json_dumpf(body, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(body);
	fprintf(stderr, "anprctl: %s\n", text);
	if (o->told)
		(void)ok(buffer_format(o->told, "%s%s", o->told->n ? "; " : "", text));
}

enum exit_code fail(const struct options *o, enum exit_code code, const char *format, ...)
{
	char text[1200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	fail_say(o, text);
	return code;
}

enum exit_code fail_with(const struct options *o, enum exit_code code, struct error *e)
{
	char *lines = error_lines(e);

	if (lines && *lines)
		lines[strlen(lines) - 1] = 0;
	fail_say(o, lines && *lines ? lines : "failed, without a reason given");
	free(lines);
	error_free(e);
	return code;
}

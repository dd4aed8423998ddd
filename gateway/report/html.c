/* SPDX-License-Identifier: Apache-2.0
 *
 * The report as a page: one file that asks for nothing else, runs nothing, and prints on A4. Made of the same
 * model as the JSON, so that both say the same. What each section shows is in html_parts.c and
 * html_decisions.c.
 */
#include "gateway/report/html.h"

#include <stdlib.h>

/* --- text and values --- */

void html_text(struct buffer *out, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '&':
			text_add(out, "&amp;");
			break;
		case '<':
			text_add(out, "&lt;");
			break;
		case '>':
			text_add(out, "&gt;");
			break;
		case '"':
			text_add(out, "&quot;");
			break;
		case '\'':
			text_add(out, "&#39;");
			break;
		default:
			text_add_bytes(out, (unsigned char)*text < 0x20 ? span_text(" ") : span_of(text, 1));
		}
	}
}

static void number(struct buffer *out, json_int_t n)
{
	if (n >= 1000) {
		number(out, n / 1000);
		text_add(out, ",%03d", (int)(n % 1000));
	} else {
		text_add(out, "%lld", (long long)n);
	}
}

static void length(struct buffer *out, json_int_t ms)
{
	if (ms >= DAY_MS && ms % DAY_MS == 0)
		text_add(out, "%lld day%s", (long long)(ms / DAY_MS), ms == DAY_MS ? "" : "s");
	else if (ms >= HOUR_MS)
		text_add(out, "%.1f h", (double)ms / (double)HOUR_MS);
	else
		text_add(out, "%.3f s", (double)ms / 1000);
}

/* "2026-11-22T19:06:23.861Z": neither date nor time is broken over lines. */
static void time_cell(struct buffer *out, const char *text)
{
	char date[DATE_BYTES];

	snprintf(date, sizeof date, "%s", text);
	text_add(out, "<time><span>");
	html_text(out, date);
	text_add(out, "</span>");
	if (strlen(text) > DATE_BYTES)
		text_add(out, " <span>%.*s</span>", (int)strcspn(text + DATE_BYTES, "Z"), text + DATE_BYTES);
	text_add(out, "</time>");
}

static void words_cell(struct buffer *out, const char *text)
{
	char *copy = memory_text(text);

	for (char *c = strchr(copy, '_'); c; c = strchr(c, '_'))
		*c = ' ';
	html_text(out, copy);
	free(copy);
}

static void text_cell(struct buffer *out, const char *text, enum cell cell)
{
	switch (cell) {
	case CELL_TIME:
		time_cell(out, text);
		return;
	case CELL_WORDS:
		words_cell(out, text);
		return;
	case CELL_HASH:
		text_add(out, "<code>");
		html_text(out, text);
		text_add(out, "</code>");
		return;
	case CELL_PLAIN:
	case CELL_LENGTH:
	case CELL_PROSE:
		html_text(out, text);
		return;
	}
}

void html_value(struct buffer *out, const json_t *value, enum cell cell)
{
	const json_t *one;
	size_t i;

	if (json_is_string(value))
		text_cell(out, json_string_value(value), cell);
	else if (json_is_integer(value) && cell == CELL_LENGTH)
		length(out, json_integer_value(value));
	else if (json_is_integer(value))
		number(out, json_integer_value(value));
	else if (json_is_boolean(value))
		text_add(out, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_array_size(value) > 0) {
		json_array_foreach(value, i, one)
		{
			text_add(out, "%s", i ? ", " : "");
			html_value(out, one, cell);
		}
	} else {
		text_add(out, "&ndash;");
	}
}

const json_t *html_at(const json_t *row, const char *path)
{
	const char *dot = strchr(path, '.');
	char first[60];

	if (!dot)
		return json_object_get(row, path);
	snprintf(first, sizeof first, "%.*s", (int)(dot - path), path);
	return html_at(json_object_get(row, first), dot + 1);
}

/* --- tables --- */

static const char *class_of(const struct column *c, const json_t *row)
{
	if (c->cell == CELL_PROSE)
		return " class=\"p\"";
	if (c->cell == CELL_HASH)
		return " class=\"h\"";
	if (!c->write && (json_is_integer(html_at(row, c->path)) || c->cell == CELL_LENGTH))
		return " class=\"n\"";
	return "";
}

static void cell_write(struct buffer *out, const struct column *c, const json_t *row)
{
	if (c->write)
		c->write(out, row);
	else
		html_value(out, html_at(row, c->path), c->cell);
}

static void row_write(struct buffer *out, const struct column *columns, size_t n, const json_t *row)
{
	text_add(out, "<tr>");
	for (size_t i = 0; i < n; i++) {
		text_add(out, "<%s%s>", i ? "td" : "th scope=\"row\"", class_of(&columns[i], row));
		cell_write(out, &columns[i], row);
		text_add(out, "</%s>", i ? "td" : "th");
	}
	text_add(out, "</tr>\n");
}

void html_table(struct buffer *out, const char *caption, const struct column *columns, size_t n,
	const json_t *rows, const char *none)
{
	const json_t *row;
	size_t i;

	if (json_array_size(rows) == 0) {
		text_add(out, "<p class=\"none\">%s</p>\n", none);
		return;
	}
	text_add(out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"");
	html_text(out, caption);
	text_add(out, "\"><table><caption>");
	html_text(out, caption);
	text_add(out, "</caption>\n<thead><tr>");
	for (i = 0; i < n; i++)
		text_add(out, "<th scope=\"col\"%s>%s</th>", class_of(&columns[i], json_array_get(rows, 0)),
			columns[i].heading);
	text_add(out, "</tr></thead>\n<tbody>\n");
	json_array_foreach(rows, i, row) row_write(out, columns, n, row);
	text_add(out, "</tbody></table></div>\n");
}

void html_facts(struct buffer *out, const struct column *facts, size_t n, const json_t *of)
{
	text_add(out, "<dl>\n");
	for (size_t i = 0; i < n; i++) {
		text_add(out, "<div><dt>%s</dt><dd>", facts[i].heading);
		cell_write(out, &facts[i], of);
		text_add(out, "</dd></div>\n");
	}
	text_add(out, "</dl>\n");
}

/* --- the page --- */

static const char style[] =
	":root{--ink:#16212b;--soft:#52606d;--line:#d3dae1;--tint:#f2f5f8;--strong:#1d5f8a}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:62rem;padding:1.5rem;color:var(--ink);background:#fff;"
	"font:1rem/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
	"h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0}\n"
	"h2{font-size:1.35rem;margin:2.4rem 0 .4rem;padding-top:.6rem;border-top:3px solid var(--strong)}\n"
	"h3{font-size:1.08rem;margin:1.6rem 0 .3rem}\n"
	"p{max-width:46rem;margin:.4rem 0}\n"
	".kind{color:var(--soft);margin:0;text-transform:uppercase;letter-spacing:.06em;font-size:.8rem}\n"
	".none{color:var(--soft);font-style:italic}\n"
	"nav ol{columns:2;padding-left:1.4rem;margin:.4rem 0}\n"
	"a{color:var(--strong)}\n"
	".figures{display:flex;flex-wrap:wrap;gap:.6rem;list-style:none;padding:0;margin:1rem 0}\n"
	".figures li{flex:1 1 8rem;background:var(--tint);border-left:4px solid var(--strong);padding:.5rem "
	".8rem}\n"
	".figures b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}\n"
	".verdict{padding:.6rem .9rem;border:2px solid #2d7a46;background:#eef7f0;max-width:none}\n"
	".verdict.bad{border-color:#a32020;background:#fbeeee}.verdict.unknown{border-color:#8a6d1d;"
	"background:#faf6e8}\n"
	".wide{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;margin:.8rem 0 1.2rem;font-size:.86rem}\n"
	"caption{text-align:left;font-weight:600;padding:.2rem 0}\n"
	"th,td{text-align:left;vertical-align:top;padding:.28rem .5rem;border-bottom:1px solid var(--line);"
	"overflow-wrap:break-word}\n"
	"thead th{background:var(--tint);border-bottom:2px solid var(--strong);overflow-wrap:normal}\n"
	"tbody th{font-weight:500}\n"
	".p{min-width:9rem;overflow-wrap:anywhere}.h{min-width:9.5rem}\n"
	".n{text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:normal}\n"
	"time span{white-space:nowrap}time{font-variant-numeric:tabular-nums}\n"
	"code{font:.82em ui-monospace,'DejaVu Sans Mono',monospace;overflow-wrap:anywhere}\n"
	"dl{margin:.6rem 0 1rem;border-top:1px solid var(--line);font-size:.92rem}\n"
	"dl div{display:grid;grid-template-columns:minmax(13rem,34%) 1fr;gap:.8rem;padding:.25rem 0;"
	"border-bottom:1px solid var(--line)}\n"
	"dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
	"figure{margin:.8rem 0 1.2rem}figcaption{font-size:.86rem;font-weight:600}\n"
	"svg{display:block;width:100%;height:auto}\n"
	".met-yes{color:#1f6135;font-weight:600}.met-partly{color:#7a5a00;font-weight:600}"
	".met-no{color:#a32020;font-weight:600}\n"
	".limits li{margin:.5rem 0;max-width:46rem}\n"
	"@media(max-width:40rem){nav ol{columns:1}dl div{grid-template-columns:1fr;gap:0}}\n"
	"@page{size:A4;margin:16mm 14mm}\n"
	"@media "
	"print{body{max-width:none;padding:0;font-size:9.5pt}table{font-size:7.6pt}.wide{overflow:visible}\n"
	"thead{display:table-header-group}tr,figure,dl "
	"div,.figures{break-inside:avoid}h2,h3,caption{break-after:avoid}\n"
	"a{color:inherit;text-decoration:none}.own-page{break-before:page}th,td{min-width:0;padding:.18rem "
	".3rem}}\n";

struct section {
	const char *id, *title;
	void (*write)(struct buffer *out, const json_t *model);
	bool own_page;
};

static const struct section sections[] = {
	{"agreements", "Agreements in force", html_agreements, false},
	{"cameras", "Cameras shared", html_cameras, false},
	{"reads", "Reads", html_reads, false},
	{"offs", "Offs and their receipts", html_offs, false},
	{"decisions", "Every decision", html_decisions, false},
	{"readers", "Who could read, and for how long it is kept", html_readers, false},
	{"gaps", "Gaps", html_gaps, false},
	{"verified", "What was verified", html_verified, false},
	{"duties", "Duties of the law", html_duties, true},
	{"limits", "What this does not prove", html_limits, true},
};
#define SECTIONS (sizeof sections / sizeof *sections)

static void head(struct buffer *out, const json_t *model)
{
	text_add(out, "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
		      "'unsafe-inline'\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Transparency report ");
	html_value(out, html_at(model, "period.from"), CELL_PLAIN);
	text_add(out, " to ");
	html_value(out, html_at(model, "period.to"), CELL_PLAIN);
	text_add(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

static void contents(struct buffer *out)
{
	text_add(out, "<nav aria-label=\"Contents\"><ol>\n");
	for (size_t i = 0; i < SECTIONS; i++)
		text_add(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
	text_add(out, "</ol></nav>\n");
}

char *report_html(const struct report *r, enum report_form form)
{
	json_t *model = model_make(r);
	struct buffer out = {0};
	char *text;

	if (form == REPORT_PUBLIC)
		redact(model);
	head(&out, model);
	text_add(&out, "<header>\n");
	html_summary(&out, model);
	contents(&out);
	text_add(&out, "</header>\n<main>\n");
	for (size_t i = 0; i < SECTIONS; i++) {
		text_add(&out,
			"<section id=\"%s\"%s aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%zu. "
			"%s</h2>\n",
			sections[i].id, sections[i].own_page ? " class=\"own-page\"" : "", sections[i].id,
			sections[i].id, i + 1, sections[i].title);
		sections[i].write(&out, model);
		text_add(&out, "</section>\n");
	}
	text_add(&out, "</main>\n</body>\n</html>");
	json_decref(model);
	text = memory_text(buffer_text(&out));
	buffer_free(&out);
	return text;
}

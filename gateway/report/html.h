/* SPDX-License-Identifier: Apache-2.0
 *
 * How the report's page is written: text escaped, tables by their columns, plots. Private to this folder.
 * Everything that is not a literal of ours goes through html_text: reasons, labels and names are other
 * people's words.
 */
#ifndef ANPR_REPORT_HTML_H
#define ANPR_REPORT_HTML_H

#include "gateway/report/internal.h"

/* Appended with & < > " ' escaped, control characters as spaces. */
void html_text(struct buffer *out, const char *text);

/* How a value is shown; null is a dash. */
enum cell {
	CELL_PLAIN = 0, /* texts as they are, numbers with commas, lists with a comma between */
	CELL_TIME,      /* "2026-11-22 19:06:23.861", UTC; or a day */
	CELL_LENGTH,    /* milliseconds as "365 days", "1.2 s" */
	CELL_HASH,
	CELL_WORDS, /* "partner_off" as "partner off" */
	CELL_PROSE, /* sentences, perhaps of other people's, with room */
};
struct column {
	const char *heading;
	const char *path; /* member, or "member.member" */
	enum cell cell;
	void (*write)(struct buffer *out, const json_t *row); /* instead of path and cell */
};

void html_value(struct buffer *out, const json_t *value, enum cell cell);
const json_t *html_at(const json_t *row, const char *path);
/* A table of the rows; where there are none, a sentence `none`. */
void html_table(struct buffer *out, const char *caption, const struct column *columns, size_t n,
	const json_t *rows, const char *none);
#define TABLE(out, caption, columns, rows, none)                                                             \
	html_table((out), (caption), (columns), sizeof(columns) / sizeof *(columns), (rows), (none))
/* A list of names and values, out of one object. */
void html_facts(struct buffer *out, const struct column *facts, size_t n, const json_t *of);
#define FACTS(out, facts, of) html_facts((out), (facts), sizeof(facts) / sizeof *(facts), (of))

/* --- html_parts.c, html_decisions.c: sections --- */
void html_summary(struct buffer *out, const json_t *model);
void html_agreements(struct buffer *out, const json_t *model);
void html_cameras(struct buffer *out, const json_t *model);
void html_reads(struct buffer *out, const json_t *model);
void html_gaps(struct buffer *out, const json_t *model);
void html_readers(struct buffer *out, const json_t *model);
void html_decisions(struct buffer *out, const json_t *model);
void html_offs(struct buffer *out, const json_t *model);
void html_verified(struct buffer *out, const json_t *model);
void html_duties(struct buffer *out, const json_t *model);
void html_limits(struct buffer *out, const json_t *model);

/* --- plot.c: SVG --- */
/* Reads of each day, stacked: permitted, denied, rejected. */
void plot_reads(struct buffer *out, const json_t *partner);
/* Cameras on over the time of the period, each off marked. */
void plot_sharing(struct buffer *out, const json_t *model, const json_t *sharing);

#endif

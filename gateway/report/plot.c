/* SPDX-License-Identifier: Apache-2.0
 *
 * Plots as SVG in the page: no script, sizes in the units of a view box, colours that differ in grey as well.
 * The figures they show are in the tables below them.
 */
#include "gateway/report/html.h"

#define WIDTH  760.0
#define HEIGHT 200.0
#define LEFT   64.0
#define RIGHT  12.0
#define TOP    12.0
#define BOTTOM 28.0
#define LINES  4

static const double inner_width = WIDTH - LEFT - RIGHT, inner_height = HEIGHT - TOP - BOTTOM;

/* The public form's "<10" is drawn as 5. */
static double value_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? 5 : (double)json_integer_value(value);
}

/* The least of 1, 2, 4, 5, 8 times a power of ten that is not below n, for an axis of four steps. */
static double axis_top(double n)
{
	static const double steps[] = {4, 8, 12, 16, 20, 24, 32, 40};
	double power = 1;

	while (power * 40 < n)
		power *= 10;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i] * power >= n)
			return steps[i] * power;
	return 40 * power;
}

static void begin(struct buffer *out, const char *what, const char *of, double top)
{
	json_t *label;

	text_add(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s ", WIDTH, HEIGHT, what);
	html_text(out, of);
	text_add(out, "; the table has the figures\" font-family=\"system-ui,'DejaVu Sans',sans-serif\" "
		      "font-size=\"11\" "
		      "fill=\"#52606d\">\n");
	for (int i = 0; i <= LINES; i++) {
		double y = TOP + inner_height * (1 - (double)i / LINES);

		text_add(out,
			"<path d=\"M%.1f %.1fH%.1f\" stroke=\"%s\" fill=\"none\"/>"
			"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
			LEFT, y, WIDTH - RIGHT, i ? "#e3e8ed" : "#52606d", LEFT - 6, y + 4);
		label = json_integer((json_int_t)(top * i / LINES));
		html_value(out, label, CELL_PLAIN);
		json_decref(label);
		text_add(out, "</text>\n");
	}
}

/* --- reads by day --- */

static const struct {
	const char *key, *colour;
} parts[] = {{"permitted", "#1d5f8a"}, {"denied", "#a9bccb"}, {"rejected", "#c2543a"}};

static double most_of(const json_t *days)
{
	const json_t *day;
	double most = 0;
	size_t i;

	json_array_foreach(days, i, day)
	{
		double sum = value_of(day, "permitted") + value_of(day, "denied") + value_of(day, "rejected");

		most = sum > most ? sum : most;
	}
	return most;
}

static void bar(struct buffer *out, const json_t *day, double x, double width, double top)
{
	double y = TOP + inner_height;

	for (size_t i = 0; i < 3; i++) {
		double h = inner_height * value_of(day, parts[i].key) / top;

		y -= h;
		if (h > 0)
			text_add(out,
				"<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>", x,
				y, width, h, parts[i].colour);
	}
}

static void date_label(struct buffer *out, const char *date, double x)
{
	text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x, HEIGHT - BOTTOM + 15);
	html_text(out, date + 5);
	text_add(out, "</text>\n");
}

static void legend(struct buffer *out)
{
	text_add(out, "<p class=\"kind\">");
	for (size_t i = 0; i < 3; i++)
		text_add(out,
			"<svg viewBox=\"0 0 10 10\" style=\"display:inline;width:.8em;height:.8em\" "
			"aria-hidden=\"true\"><rect width=\"10\" height=\"10\" fill=\"%s\"/></svg> %s &ensp;",
			parts[i].colour, parts[i].key);
	text_add(out, "</p>");
}

void plot_reads(struct buffer *out, const json_t *partner)
{
	const json_t *days = json_object_get(partner, "days"), *day;
	double top = axis_top(most_of(days)), step;
	size_t n = json_array_size(days), every = n / 16 + 1, i;

	if (n == 0 || most_of(days) <= 0)
		return;
	step = inner_width / (double)n;
	text_add(out, "<figure><figcaption>Reads by day</figcaption>\n");
	begin(out, "Bars: reads by day of", json_string_value(json_object_get(partner, "partner")), top);
	json_array_foreach(days, i, day)
	{
		double x = LEFT + step * (double)i, width = step > 60 ? 48 : step * 0.8;

		bar(out, day, x + (step - width) / 2, width, top);
		if (i % every == 0)
			date_label(out, json_string_value(json_object_get(day, "date")), x + step / 2);
	}
	text_add(out, "</svg>\n");
	legend(out);
	text_add(out, "</figure>\n");
}

/* --- cameras on --- */

struct axis {
	int64_t from, to;
};

static int64_t moment(const json_t *time)
{
	struct utc_ms at = {0};

	return json_is_string(time) && ok(clock_parse(span_text(json_string_value(time)), &at)) ? at.v : 0;
}

static double place(const struct axis *a, int64_t at)
{
	double share = (double)(at - a->from) / (double)(a->to - a->from);

	return LEFT + inner_width * (share < 0 ? 0 : share > 1 ? 1 : share);
}

static double most_on(const json_t *steps)
{
	const json_t *step;
	double most = 0;
	size_t i;

	json_array_foreach(steps, i, step) if (value_of(step, "on") > most) most = value_of(step, "on");
	return most;
}

static void steps_draw(struct buffer *out, const json_t *steps, const struct axis *a, double top, int64_t end)
{
	const json_t *step;
	double base = TOP + inner_height;
	size_t i;

	text_add(out, "<path fill=\"#7fa9c6\" stroke=\"#1d5f8a\" d=\"M%.2f %.2f", LEFT, base);
	json_array_foreach(steps, i, step)
	{
		text_add(out, "H%.2f", place(a, moment(json_object_get(step, "at"))));
		text_add(out, "V%.2f", base - inner_height * value_of(step, "on") / top);
	}
	text_add(out, "H%.2fV%.2fZ\"/>\n", place(a, end), base);
}

static bool is_about(const json_t *off, const char *partner)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(off, "partners"), i,
		one) if (strcmp(json_string_value(one), partner) == 0) return true;
	return false;
}

static void offs_draw(struct buffer *out, const json_t *offs, const char *partner, const struct axis *a)
{
	const json_t *off;
	size_t i;

	json_array_foreach(offs, i, off)
	{
		double x = place(a, moment(json_object_get(off, "commanded")));

		if (is_about(off, partner))
			text_add(out,
				"<path d=\"M%.2f %.1fV%.1f\" stroke=\"#a32020\" stroke-dasharray=\"3 2\" "
				"fill=\"none\"/>",
				x, TOP, TOP + inner_height);
	}
}

/* The period, up to the end of the day on which the report was made. */
static struct axis axis_of(const json_t *model)
{
	const json_t *days = html_at(model, "period.days"), *day;
	struct axis a = {moment(html_at(model, "period.begins")), moment(html_at(model, "period.ends"))};
	size_t i;

	json_array_foreach(days, i,
		day) if (moment(json_object_get(day, "begins")) < moment(json_object_get(model, "made_at")))
		a.to = moment(json_object_get(day, "ends"));
	return a;
}

void plot_sharing(struct buffer *out, const json_t *model, const json_t *sharing)
{
	const json_t *steps = json_object_get(sharing, "steps"), *days = html_at(model, "period.days"), *day;
	struct axis a = axis_of(model);
	int64_t made = moment(json_object_get(model, "made_at"));
	double top = axis_top(most_on(steps));
	size_t n = json_array_size(days), every = n / 16 + 1, i;

	if (most_on(steps) <= 0)
		return;
	text_add(out, "<figure><figcaption>Cameras on, over time; a dashed line is an off or another "
		      "narrowing</figcaption>\n");
	begin(out, "Steps: cameras on under", json_string_value(json_object_get(sharing, "agreement")), top);
	steps_draw(out, steps, &a, top, made < a.to ? made : a.to);
	offs_draw(out, json_object_get(model, "offs"), json_string_value(json_object_get(sharing, "partner")),
		&a);
	json_array_foreach(days, i, day) if (i % every == 0 && moment(json_object_get(day, "begins")) < a.to)
		date_label(out, json_string_value(json_object_get(day, "date")),
			place(&a, moment(json_object_get(day, "begins"))));
	text_add(out, "</svg></figure>\n");
}

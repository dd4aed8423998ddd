/* SPDX-License-Identifier: Apache-2.0
 *
 * A camera register (DESIGN.md 5.5) out of its CSV. Messages name the column and the rule, never a position.
 */
#include "gateway/text/check.h"
#include "gateway/text/csv.h"
#include "gateway/text/text.h"
#include "gateway/text/zoneinfo.h"

#include <stdlib.h>

#define CAMERAS_MAX  100000
#define ID_MAX       64
#define TEXT_MAX     200
#define EXTERNAL_MAX 16

enum column {
	COLUMN_ID,
	COLUMN_EXTERNAL,
	COLUMN_NAME,
	COLUMN_LATITUDE,
	COLUMN_LONGITUDE,
	COLUMN_ROAD,
	COLUMN_HEADING,
	COLUMN_AREA,
	COLUMN_STATE,
	COLUMN_ZONE,
	COLUMNS
};
static const struct {
	const char *name;
	bool required;
} columns[COLUMNS] = {
	[COLUMN_ID] = {"camera_id", true},
	[COLUMN_EXTERNAL] = {"external_ids", false},
	[COLUMN_NAME] = {"name", false},
	[COLUMN_LATITUDE] = {"latitude", true},
	[COLUMN_LONGITUDE] = {"longitude", true},
	[COLUMN_ROAD] = {"road", false},
	[COLUMN_HEADING] = {"heading", false},
	[COLUMN_AREA] = {"area", false},
	[COLUMN_STATE] = {"state", true},
	[COLUMN_ZONE] = {"zone", false},
};

static const struct {
	const char *name;
	enum camera_state state;
} states[] = {
	{"offered", CAMERA_OFFERED},
	{"commissioning", CAMERA_COMMISSIONING},
	{"live", CAMERA_LIVE},
	{"retired", CAMERA_RETIRED},
};

/* Where an id was written, to find those used twice. */
struct id_use {
	const char *id; /* borrowed from the register */
	size_t line, column;
	size_t camera;
};

struct reading {
	struct csv csv;
	struct camera_register *out;
	size_t cap;
	size_t field_of[COLUMNS]; /* 1 + place of the column; 0 = not there */
	size_t n_header;
	struct id_use *ids;
	size_t n_ids, cap_ids;
	struct zone *zone; /* the last one found to exist; registers use one or two */
	bool bad;
};

static void complain(struct reading *r, size_t column, const char *what, const char *name)
{
	r->bad = true;
	error_add(r->csv.error, r->csv.name, r->csv.line, column, "%s%s%s", name ? name : "", name ? " " : "",
		what);
}

static void header_field(struct reading *r, size_t place)
{
	const struct csv_field *field = &r->csv.fields[place];

	for (size_t i = 0; i < COLUMNS; i++) {
		if (!span_is(field->text, columns[i].name))
			continue;
		if (r->field_of[i])
			complain(r, field->column, "is there twice", columns[i].name);
		r->field_of[i] = place + 1;
		return;
	}
	complain(r, field->column,
		"no such column; there are camera_id, external_ids, name, latitude, longitude, "
		"road, heading, area, state, zone",
		NULL);
}

static struct status header_read(struct reading *r)
{
	static const uint8_t mark[] = {0xEF, 0xBB, 0xBF}; /* byte order mark, as spreadsheets write it */
	struct status s;

	if (r->csv.rest.n >= 3 && memcmp(r->csv.rest.p, mark, 3) == 0)
		r->csv.rest = span_of(r->csv.rest.p + 3, r->csv.rest.n - 3);
	s = csv_next(&r->csv);
	if (s.kind == STATUS_WAIT)
		error_add(r->csv.error, r->csv.name, 1, 1, "the file is empty");
	if (!ok(s))
		return s.kind == STATUS_OVERLOAD ? s : S_BAD_INPUT;
	for (size_t i = 0; i < r->csv.n; i++)
		header_field(r, i);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (columns[i].required && !r->field_of[i])
			complain(r, 1, "is missing from the header", columns[i].name);
	}
	r->n_header = r->csv.n;
	return r->bad ? S_BAD_INPUT : S_OK;
}

static const struct csv_field *field_of(const struct reading *r, enum column column)
{
	static const struct csv_field none;

	return r->field_of[column] ? &r->csv.fields[r->field_of[column] - 1] : &none;
}

static struct status read_text(struct reading *r, enum column column, char **out)
{
	const struct csv_field *field = field_of(r, column);

	if (field->text.n > TEXT_MAX || !check_clean(field->text))
		complain(r, field->column, "is not a text of at most 200 bytes without control characters",
			columns[column].name);
	*out = check_copy(field->text);
	return *out ? S_OK : S_OVERLOAD;
}

static void read_number(struct reading *r, enum column column, double low, double high, double *out)
{
	const struct csv_field *field = field_of(r, column);

	if (!check_number(field->text, out) || *out < low || *out > high) {
		r->bad = true;
		error_add(r->csv.error, r->csv.name, r->csv.line, field->column,
			"%s is not a number from %g to %g", columns[column].name, low, high);
	}
}

static void read_state(struct reading *r, enum camera_state *out)
{
	const struct csv_field *field = field_of(r, COLUMN_STATE);

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		if (span_is(field->text, states[i].name)) {
			*out = states[i].state;
			return;
		}
	}
	complain(r, field->column, "is not offered, commissioning, live or retired", "state");
}

static struct status read_zone(struct reading *r, struct camera *camera)
{
	const struct csv_field *field = field_of(r, COLUMN_ZONE);
	struct zone *zone;

	camera->zone = check_copy(field->text);
	REQUIRE(camera->zone, S_OVERLOAD);
	if (field->text.n == 0)
		return S_OK;
	if (!r->zone || !span_is(field->text, zone_name(r->zone))) {
		if (!ok(zoneinfo_load(field->text, &zone))) {
			complain(r, field->column,
				"is not a time zone of the tz database, such as Europe/London", "zone");
			return S_OK;
		}
		zone_release(r->zone);
		r->zone = zone;
	}
	camera->local = zone_hold(r->zone);
	return S_OK;
}

static struct status id_note(struct reading *r, const char *id, size_t column)
{
	if (r->n_ids == r->cap_ids) {
		size_t cap = r->cap_ids ? 2 * r->cap_ids : 256;
		struct id_use *ids = reallocarray(r->ids, cap, sizeof *ids);

		REQUIRE(ids, S_OVERLOAD);
		r->ids = ids;
		r->cap_ids = cap;
	}
	r->ids[r->n_ids++] = (struct id_use){id, r->csv.line, column, r->out->n};
	return S_OK;
}

/* `*` and `?` would make a glob of it. */
static bool is_camera_id(struct span id)
{
	return id.n > 0 && id.n <= ID_MAX && check_clean(id) && !memchr(id.p, '*', id.n) &&
	       !memchr(id.p, '?', id.n) && id.p[0] != ' ' && id.p[id.n - 1] != ' ';
}

static struct status read_id(struct reading *r, struct camera *camera)
{
	const struct csv_field *field = field_of(r, COLUMN_ID);

	if (!is_camera_id(field->text))
		complain(r, field->column, "is not 1 to 64 bytes without control characters, * or ?",
			"camera_id");
	camera->id = check_copy(field->text);
	REQUIRE(camera->id, S_OVERLOAD);
	return id_note(r, camera->id, field->column);
}

/* The next of several separated by commas or semicolons, without the spaces around it. */
static struct span external_take(struct span *rest)
{
	size_t n = 0, end;
	struct span id;

	while (n < rest->n && rest->p[n] != ',' && rest->p[n] != ';')
		n++;
	id = span_of(rest->p, n);
	end = n + (n < rest->n);
	*rest = span_of(rest->p + end, rest->n - end);
	while (id.n > 0 && id.p[0] == ' ')
		id = span_of(id.p + 1, id.n - 1);
	while (id.n > 0 && id.p[id.n - 1] == ' ')
		id.n--;
	return id;
}

static struct status read_external(struct reading *r, struct camera *camera)
{
	const struct csv_field *field = field_of(r, COLUMN_EXTERNAL);
	struct span rest = field->text;

	if (rest.n == 0)
		return S_OK;
	camera->external_ids = calloc(EXTERNAL_MAX, sizeof *camera->external_ids);
	REQUIRE(camera->external_ids, S_OVERLOAD);
	while (rest.n > 0) {
		struct span id = external_take(&rest);

		if (!is_camera_id(id) || camera->n_external_ids == EXTERNAL_MAX) {
			complain(r, field->column,
				"is not at most 16 ids of 1 to 64 bytes, separated by commas or semicolons",
				"external_ids");
			return S_OK;
		}
		camera->external_ids[camera->n_external_ids] = check_copy(id);
		REQUIRE(camera->external_ids[camera->n_external_ids], S_OVERLOAD);
		TRY(id_note(r, camera->external_ids[camera->n_external_ids++], field->column));
	}
	return S_OK;
}

static struct status camera_read(struct reading *r, struct camera *camera)
{
	TRY(read_id(r, camera));
	TRY(read_external(r, camera));
	TRY(read_text(r, COLUMN_NAME, &camera->name));
	TRY(read_text(r, COLUMN_ROAD, &camera->road));
	TRY(read_text(r, COLUMN_AREA, &camera->area));
	TRY(read_zone(r, camera));
	read_number(r, COLUMN_LATITUDE, -90, 90, &camera->lat);
	read_number(r, COLUMN_LONGITUDE, -180, 180, &camera->lon);
	camera->heading = -1;
	if (field_of(r, COLUMN_HEADING)->text.n > 0)
		read_number(r, COLUMN_HEADING, 0, 360, &camera->heading);
	read_state(r, &camera->state);
	return S_OK;
}

static struct status row_read(struct reading *r)
{
	struct camera_register *out = r->out;
	struct status s;

	if (r->csv.n != r->n_header) {
		r->bad = true;
		error_add(r->csv.error, r->csv.name, r->csv.line, 1, "%zu fields where the header has %zu",
			r->csv.n, r->n_header);
		return S_OK;
	}
	if (out->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct camera *cameras = reallocarray(out->cameras, cap, sizeof *cameras);

		REQUIRE(cameras, S_OVERLOAD);
		out->cameras = cameras;
		r->cap = cap;
	}
	out->cameras[out->n] = (struct camera){0};
	s = camera_read(r, &out->cameras[out->n]);
	out->n++;
	return s;
}

static struct status rows_read(struct reading *r)
{
	struct status s;

	while ((s = csv_next(&r->csv)).kind != STATUS_WAIT) {
		if (s.kind == STATUS_OVERLOAD)
			return s;
		if (!ok(s)) {
			r->bad = true;
			continue;
		}
		if (r->out->n == CAMERAS_MAX) {
			complain(r, 1, "more than 100,000 cameras", NULL);
			return S_OK;
		}
		TRY(row_read(r));
	}
	if (r->out->n == 0 && !r->bad)
		complain(r, 1, "no camera; to share none any more, make them retired", NULL);
	return S_OK;
}

static int id_compare(const void *a, const void *b)
{
	const struct id_use *one = a, *two = b;
	int order = strcmp(one->id, two->id);

	return order ? order : (one->line > two->line) - (one->line < two->line);
}

/* The same id twice for one camera says nothing wrong. */
static void ids_check(struct reading *r)
{
	qsort(r->ids, r->n_ids, sizeof *r->ids, id_compare);
	for (size_t i = 1; i < r->n_ids; i++) {
		const struct id_use *first = &r->ids[i - 1], *again = &r->ids[i];

		if (strcmp(first->id, again->id) != 0 || first->camera == again->camera)
			continue;
		r->bad = true;
		error_add(r->csv.error, r->csv.name, again->line, again->column,
			"id used on line %zu already", first->line);
	}
}

static int camera_compare(const void *a, const void *b)
{
	return strcmp(((const struct camera *)a)->id, ((const struct camera *)b)->id);
}

static struct status register_read(struct reading *r, struct span text)
{
	struct span twice;

	r->out->sha256 = digest_of(text);
	TRY(header_read(r));
	TRY(rows_read(r));
	if (r->n_ids > 0)
		ids_check(r);
	REQUIRE(!r->bad, S_BAD_INPUT);
	qsort(r->out->cameras, r->out->n, sizeof *r->out->cameras, camera_compare);
	return register_index(r->out, &twice);
}

struct status register_parse(
	struct span text, const char *name, struct camera_register **out, struct error *e)
{
	struct arena arena CLEANUP(arena_free) = {0};
	struct reading r = {
		.csv = {.rest = text, .name = name, .error = e, .arena = &arena},
		.out = calloc(1, sizeof *r.out),
	};
	struct status s = S_OVERLOAD;

	if (r.out) {
		r.out->references = 1;
		s = register_read(&r, text);
	}
	free(r.ids);
	zone_release(r.zone);
	if (ok(s))
		*out = r.out;
	else
		register_release(r.out);
	return s;
}

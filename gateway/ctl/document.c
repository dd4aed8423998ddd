/* SPDX-License-Identifier: Apache-2.0
 *
 * Agreements and registers as files.
 */
#include "gateway/ctl/document.h"

#include "gateway/base/file.h"

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static Anpr__V1__DocumentKind kind_of(const char *path)
{
	if (ends_in(path, ".csv"))
		return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER;
	if (ends_in(path, ".yaml") || ends_in(path, ".yml"))
		return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT;
	return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED;
}

static struct status parse(struct document *d, const char *path, struct error *e)
{
	if (d->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER)
		return register_parse(buffer_span(&d->text), path, &d->cameras, e);
	return agreement_parse(buffer_span(&d->text), path, &d->agreement, e);
}

enum exit_code document_read(const struct options *o, const char *path, struct document *out)
{
	const char *slash = strrchr(path, '/');
	struct error e = {0};

	*out = (struct document){.kind = kind_of(path), .name = slash ? slash + 1 : path};
	if (out->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED)
		return fail(o, USAGE, "%s: an agreement is called *.yaml, a register *.csv", path);
	if (!ok(file_read(path, DOCUMENT_MAX, &out->text, &e)))
		return fail_with(o, USAGE, &e);
	if (!ok(parse(out, path, &e)))
		return fail_with(o, REFUSED, &e);
	error_free(&e);
	return DONE;
}

void document_free(struct document *d)
{
	buffer_free(&d->text);
	if (d->agreement)
		agreement_release(d->agreement);
	if (d->cameras)
		register_release(d->cameras);
}

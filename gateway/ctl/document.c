/* SPDX-License-Identifier: Apache-2.0
 *
 * Agreements, registers and the other texts that are proposed, as files.
 */
#include "gateway/ctl/document.h"

#include "gateway/base/file.h"

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static Anpr__V1__DocumentKind yaml_kind(struct span text)
{
	switch (charter_kind_of(text)) {
	case CHARTER_ORGANISATION:
		return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_ORGANISATION;
	case CHARTER_PARTNER:
		return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_PARTNER;
	case CHARTER_NODE_KEY:
		return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_NODE_KEY;
	case CHARTER_NONE:
		break;
	}
	return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT;
}

static Anpr__V1__DocumentKind kind_of(const char *path, struct span text)
{
	if (ends_in(path, ".csv"))
		return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER;
	if (ends_in(path, ".yaml") || ends_in(path, ".yml"))
		return yaml_kind(text);
	if (ends_in(path, ".crl") || ends_in(path, ".pem") || ends_in(path, ".der"))
		return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REVOCATION_LIST;
	return ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED;
}

static struct status parse(struct document *d, const char *path, struct error *e)
{
	struct span text = buffer_span(&d->text);

	switch (d->kind) {
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT:
		return agreement_parse(text, path, &d->agreement, e);
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER:
		return register_parse(text, path, &d->cameras, e);
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REVOCATION_LIST:
		return revocation_list_parse(text, &d->revoked, e);
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_ORGANISATION:
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_PARTNER:
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_NODE_KEY:
		return charter_parse(text, path, charter_kind_of(text), &d->charter, e);
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_TRIAL: /* goes beside another */
	case ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED:
	case _ANPR__V1__DOCUMENT_KIND_IS_INT_SIZE:
		break;
	}
	return S_BAD_INPUT;
}

enum exit_code document_read(const struct options *o, const char *path, struct document *out)
{
	const char *slash = strrchr(path, '/');
	struct error e = {0};

	*out = (struct document){.kind = kind_of(path, span_text("")), .name = slash ? slash + 1 : path};
	if (out->kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED)
		return fail(o, USAGE,
			"%s: an agreement, an organisation, a partner or a node's key is called *.yaml, a "
			"register *.csv, a revocation list *.crl, *.pem or *.der",
			path);
	if (!ok(file_read(path, DOCUMENT_MAX, &out->text, &e)))
		return fail_with(o, USAGE, &e);
	out->kind = kind_of(path, span_text(buffer_text(&out->text)));
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
	charter_free(d->charter);
	revocation_list_free(d->revoked);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A text that is proposed: told apart by its file's name, and YAML by what it is about. Private to this
 * folder.
 */
#ifndef ANPR_CTL_DOCUMENT_H
#define ANPR_CTL_DOCUMENT_H

#include "gateway/ctl/ctl.h"
#include "gateway/record/record.h"
#include "gateway/text/charter.h"
#include "gateway/text/text.h"

struct document {
	Anpr__V1__DocumentKind kind;
	struct buffer text;
	const char *name;            /* last part of the path; borrowed */
	struct agreement *agreement; /* one of the four */
	struct camera_register *cameras;
	struct charter *charter; /* an organisation, a partner, a node's key */
	struct revocation_list *revoked;
};

/* Read and check; every mistake is told. */
enum exit_code document_read(const struct options *o, const char *path, struct document *out);
void document_free(struct document *d);

#endif

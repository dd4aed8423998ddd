/* SPDX-License-Identifier: Apache-2.0
 *
 * The transparency report of a period as texts, for whoever hands them on: `anprctl report` writes one,
 * `anprctl ui` gives both to the page.
 */
#ifndef ANPR_CTL_REPORT_MAKE_H
#define ANPR_CTL_REPORT_MAKE_H

#include "gateway/ctl/ctl.h"

struct report_made {
	char *html, *json;
	bool clean; /* the verification found nothing wrong; where it did, the report says what */
};

/* Read Kafka or a bundle, and verify: takes as long as there are records. o: from, to, zone, public, reads,
 * prefix, bundle, and where Kafka is. What fails is told. thread: any. */
enum exit_code report_make(const struct options *o, struct report_made *out);
void report_made_free(struct report_made *made);

#endif

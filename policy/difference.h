/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proposal would change: what may be shared of a partner before and after, compared camera by camera,
 * hour by hour of the week, and term by term. Governance decides by it whether a proposal needs everybody;
 * people read it before they consent.
 *
 * Switches are left out: this is about what may be shared, and a switch stays as it is (an agreement that
 * comes into force begins off on both sides). What cannot be shown to narrow widens: a camera that moved,
 * another text of necessity, hours by another clock, a camera under a rule that it was not under before,
 * whose switch may stand otherwise.
 */
#ifndef ANPR_POLICY_DIFFERENCE_H
#define ANPR_POLICY_DIFFERENCE_H

#include "gateway/base/arena.h"
#include "gateway/base/buffer.h"
#include "policy/agreement.h"

struct difference_agreement {
	const struct agreement *agreement;
	const struct schedule *schedule; /* its rules as they were resolved */
};
/* One side of a comparison. */
struct difference_side {
	const struct difference_agreement *agreements; /* each id once */
	size_t n;
	const struct camera_register *cameras; /* in force; NULL = none yet */
};

struct difference_texts {
	const char *const *items;
	size_t n;
};

/* One thing that differs. */
struct difference_item {
	const char *agreement; /* NULL: it is about the register */
	const char *part;      /* stable names: see difference_terms.c, _cameras.c, _register.c */
	bool widens, narrows;  /* neither: shown, but shares as before */
	const char *words;     /* "212 cameras more" */
	struct difference_texts added, removed; /* names; camera ids where the part is about cameras */
	const char *before, *after;             /* values; NULL = none */
	const char *zone;                       /* whose hours `added` and `removed` are; NULL = none */
	size_t cameras;                         /* how many it is about; 0 = not about some */
};

struct difference {
	const struct difference_item *items;
	size_t n; /* 0: nothing differs */
	bool widens, narrows;
	struct arena arena; /* everything but what is borrowed from the sides */
};

/* Compare.
 * shape   both sides are borrowed as long as the difference lives (names, ids); free it with difference_free,
 *         also where it failed
 * errors  OVERLOAD; nothing else
 * thread  any; time is that of one walk through the cameras of both sides, as cameras under the same rules
 * are compared once source  DESIGN.md 2.4, 3 (Consents), 5.5 */
MUST struct status difference_compute(
	const struct difference_side *before, const struct difference_side *after, struct difference *out);
void difference_free(struct difference *d);

/* Whether something changes and nothing widens: what anybody concerned may have at once. */
bool difference_only_narrows(const struct difference *d);

/* In one line: "agreement A: 212 cameras more, overview images now included; register: 3 cameras new". Says
 * so where nothing differs. Appended. */
MUST struct status difference_words(const struct difference *d, struct buffer *out);

#endif

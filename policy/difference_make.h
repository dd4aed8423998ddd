/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the comparison hand each other: difference.c both sides, difference_register.c the
 * registers, difference_cameras.c which cameras when, difference_terms.c everything else that is agreed,
 * difference_week.c hours in words. Within policy only.
 */
#ifndef ANPR_POLICY_DIFFERENCE_MAKE_H
#define ANPR_POLICY_DIFFERENCE_MAKE_H

#include "policy/difference.h"
#include "policy/hours.h"

struct difference_make {
	struct arena *keep;    /* the difference's */
	struct arena *scratch; /* for one agreement */
	const char *agreement; /* what items are about; NULL = the register */
	struct difference_item *items;
	size_t n, cap;
	bool failed; /* out of memory; looked at once, at the end */
};

struct text_list {
	const char **items;
	size_t n, cap;
};

/* One agreement, before and after; either may be missing. */
struct difference_pair {
	const struct difference_agreement *before, *after;
	const struct camera_register *cameras_before, *cameras_after;
};

/* Kept words. Never NULL. */
const char *difference_text(struct difference_make *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void text_list_add(struct difference_make *m, struct text_list *list, const char *text);
struct difference_texts text_list_done(const struct text_list *list);
/* "a, b and 3 more"; at most `most` are named. Kept. */
const char *text_list_words(struct difference_make *m, const struct text_list *list, size_t most);
/* "1 camera", "12 cameras". Kept. */
const char *cameras_words(struct difference_make *m, size_t n);
void difference_add(struct difference_make *m, const struct difference_item *item);

void difference_registers(
	struct difference_make *m, const struct camera_register *before, const struct camera_register *after);
void difference_cameras(struct difference_make *m, const struct difference_pair *pair);
void difference_terms(
	struct difference_make *m, const struct agreement *before, const struct agreement *after);

/* Minutes of the local week. */
struct week {
	uint64_t minutes[(WEEK_MINUTES + 63) / 64];
};
/* Its spans as texts: "sat-sun 00:00-24:00", "mon-fri 20:00-06:00". */
void week_spans(struct difference_make *m, const struct week *week, struct text_list *out);

#endif

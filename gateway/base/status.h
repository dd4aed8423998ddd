/* SPDX-License-Identifier: Apache-2.0
 *
 * The result of anything that can fail. It is a struct so that it cannot be mixed up with an int, and every
 * function that returns one is declared MUST, so that it cannot be ignored; its kind says what the caller is
 * to do. Human detail goes to `struct error` (error.h).
 */
#ifndef ANPR_BASE_STATUS_H
#define ANPR_BASE_STATUS_H

#define MUST __attribute__((warn_unused_result))

enum status_kind {
	STATUS_FAULT = 0, /* our own bug, or memory never written: stop */
	STATUS_OK,
	STATUS_WAIT,      /* nothing yet: call again later */
	STATUS_BAD_INPUT, /* what was given is wrong: drop, count, tell */
	STATUS_RETRY,     /* the outside failed: back off and try again */
	STATUS_OVERLOAD,  /* a cap is reached: shed load */
	STATUS_REFUSED,   /* not allowed, or not safe: do not try again */
};

struct status {
	enum status_kind kind;
};

#define S_OK        ((struct status){STATUS_OK})
#define S_FAULT     ((struct status){STATUS_FAULT})
#define S_WAIT      ((struct status){STATUS_WAIT})
#define S_BAD_INPUT ((struct status){STATUS_BAD_INPUT})
#define S_RETRY     ((struct status){STATUS_RETRY})
#define S_OVERLOAD  ((struct status){STATUS_OVERLOAD})
#define S_REFUSED   ((struct status){STATUS_REFUSED})

static inline int ok(struct status s)
{
	return s.kind == STATUS_OK;
}

/* The only three macros that hide control flow: leave with what failed; leave unless; free at the end of
 * scope. */
#define TRY(expression)                                                                                      \
	do {                                                                                                 \
		struct status try_status_ = (expression);                                                    \
		if (!ok(try_status_))                                                                        \
			return try_status_;                                                                  \
	} while (0)

#define REQUIRE(condition, otherwise)                                                                        \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			return (otherwise);                                                                  \
	} while (0)

#define CLEANUP(function) __attribute__((cleanup(function)))

#endif

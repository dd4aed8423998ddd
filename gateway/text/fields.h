/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers for the values of an agreement: what struct yaml_key's `read` points to. Each fills its place in
 * the struct or complains.
 */
#ifndef ANPR_TEXT_FIELDS_H
#define ANPR_TEXT_FIELDS_H

#include "gateway/text/yaml.h"

/* Words and their bits; a list ends with a NULL name. `of` of read_words. */
struct word {
	const char *name;
	unsigned bit;
};
extern const struct word words_kind[], words_class[], words_drop[], words_day[];

/* `of` of read_duration, in ms, and of read_number. */
struct duration_range {
	int64_t low, high;
};
struct number_range {
	double low, high;
};

/* The shortest way to write them: "24h", "0.7". At least 32 bytes; returned. */
const char *duration_format(char *to, int64_t ms);
const char *number_format(char *to, double v);

/* A whole number and ms, s, m, h or d. */
bool duration_take(struct span text, int64_t *ms);

typedef void yaml_read(struct yaml *y, int node, void *to, const struct yaml_key *key);

yaml_read read_text;     /* char *: 1 to 1,000 bytes; line ends of a folded text become spaces */
yaml_read read_id;       /* char *: an id of at most 64 bytes */
yaml_read read_topic;    /* char *: a name that Kafka takes */
yaml_read read_texts;    /* char **: at least one, none twice; `of` NULL or &ids_only */
yaml_read read_time;     /* struct utc_ms: RFC 3339 with an offset */
yaml_read read_date;     /* struct utc_ms: the same, or a date (its midnight UTC) */
yaml_read read_duration; /* int64_t ms: a whole number and ms, s, m, h or d */
yaml_read read_number;   /* double */
yaml_read read_words;    /* unsigned: bits of a list of words, at least one */
yaml_read read_minute;   /* int: "HH:MM" as minutes of the day, 24:00 included */
yaml_read read_digest;   /* struct digest: SHA-256 in hexadecimal */

extern const char ids_only;

#endif

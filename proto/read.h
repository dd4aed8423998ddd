/* SPDX-License-Identifier: Apache-2.0
 *
 * The one validated domain type: a read whose every field has been checked. Whoever holds a `struct read`
 * made by this file need not check again. Texts are borrowed from wherever the read was decoded.
 */
#ifndef ANPR_PROTO_READ_H
#define ANPR_PROTO_READ_H

#include "gateway/base/arena.h"
#include "gateway/base/buffer.h"
#include "gateway/base/clock.h"
#include "gateway/base/span.h"
#include "gateway/base/status.h"

/* Numbers as in read.proto. */
enum read_kind {
	READ_KIND_UNSPECIFIED = 0,
	READ_KIND_VRM = 1,
	READ_KIND_HASHED_TAG = 2,
	READ_KIND_NO_PLATE = 3
};
enum read_direction { READ_DIRECTION_UNSPECIFIED = 0, READ_DIRECTION_TOWARDS = 1, READ_DIRECTION_AWAY = 2 };

/* Numbers as in ledger.proto. */
enum rejection {
	REJECTION_UNSPECIFIED = 0,
	REJECTION_NOT_JSON,
	REJECTION_TOO_LONG,
	REJECTION_MISSING_FIELD,
	REJECTION_BAD_FIELD,
	REJECTION_BAD_TIMESTAMP,
	REJECTION_BAD_KIND,
	REJECTION_BAD_IMAGE,
	REJECTION_NOT_PROTOBUF,
	REJECTION_COUNT
};
/* "not_json" ... for metrics and status. */
const char *rejection_name(enum rejection why);

#define READ_ID_MAX      64
#define READ_CURSOR_MAX  256
#define READ_CAMERA_MAX  64
#define READ_VRM_MAX     16 /* characters, so at most 64 bytes of UTF-8 */
#define READ_TAG_MAX     64
#define READ_MESSAGE_MAX (512u << 10)

/* Which optional numbers are there. */
enum {
	READ_HAS_LAT = 1 << 0,
	READ_HAS_LON = 1 << 1,
	READ_HAS_HEADING = 1 << 2,
	READ_HAS_LANE = 1 << 3,
	READ_HAS_SPEED = 1 << 4,
	READ_HAS_CONFIDENCE = 1 << 5,
};

struct read {
	struct span read_id, cursor, camera_id, vrm, tag, country;
	struct span plate_patch, overview; /* JPEG; empty = absent */
	struct utc_ms captured_at;
	bool local; /* captured_at is local time as if it were UTC: the stamp had no offset */
	enum read_kind kind;
	enum read_direction direction;
	unsigned has; /* READ_HAS_* */
	uint32_t lane;
	double lat, lon; /* WGS84 degrees */
	double heading;  /* degrees clockwise from north */
	double speed_kph;
	double confidence; /* 0..1 */
};

/* Check every field of a read that some decoder filled in. errors: BAD_INPUT with *why. */
MUST struct status read_validate(const struct read *r, enum rejection *why);
/* Whether it is UTF-8 without control characters, line separators or bidirectional overrides; true when
 * empty. */
bool text_is_safe(struct span text);
/* Whether it may be sent back to a partner as `after`: safe, at most READ_CURSOR_MAX bytes; true when empty.
 */
bool cursor_is_good(struct span cursor);

/* Decode one anpr.v1.Read, as a partner sends it, with everything from `arena`, and validate it. errors:
 * BAD_INPUT with *why; out then holds what could be taken, unchecked (a cursor, perhaps), or nothing. */
MUST struct status read_decode(struct span bytes, struct arena *arena, struct read *out, enum rejection *why);

/* What a source sends at once (anpr.v1.ReadBatch). Arrays are borrowed. */
struct read_batch {
	uint64_t epoch;
	struct read *reads;
	size_t n;
	size_t before; /* reads encoded ahead of these into the same message */
	uint64_t rejected[REJECTION_COUNT];
	struct span cursor;
};
/* Append the batch's bytes to `out`. */
MUST struct status read_batch_encode(const struct read_batch *batch, struct buffer *out);
/* Decode with everything allocated from `arena` (texts may borrow from `bytes`) and validate each read; reads
 * that do not pass are dropped and counted in rejected[]. errors: BAD_INPUT where it is no ReadBatch at all.
 */
MUST struct status read_batch_decode(struct span bytes, struct arena *arena, struct read_batch *out);

/* Everything of a SharedRead beside the read. Borrowed. */
struct shared_read {
	struct read read; /* minimised already; `cursor` is not sent */
	struct span partner_id, agreement_id, vrm_normalised, camera_name, camera_area;
	uint64_t policy_version, sequence, partition_sequence;
	const char *const *purposes;
	size_t n_purposes;
	struct utc_ms keep_until, received_at, published_at;
	unsigned quality; /* bit n set: QualityFlag n */
};
/* Append the message's bytes (anpr.v1.SharedRead). */
MUST struct status shared_read_encode(const struct shared_read *in, struct buffer *out);
/* The other way, for `anprctl tail` and `verify`; texts from the arena. */
MUST struct status shared_read_decode(struct span bytes, struct arena *arena, struct shared_read *out);

#endif

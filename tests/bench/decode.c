/* SPDX-License-Identifier: Apache-2.0
 *
 * What a read costs on its way from a partner's bytes into the core, step by step, in microseconds. To
 * compare machines and changes with; the ratios between the steps are what stays the same.
 *
 *   bench_decode [READS]    default 1,000,000
 */
#include "gateway/source/decode.h"
#include "gateway/source/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHUNK (16u << 10) /* as curl hands them on */

static uint64_t reads;
static struct gather gather;
static struct arena arena;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void count_read(void *self, const struct read *r)
{
	(void)self;
	(void)r;
	reads++;
}

static void gather_one(void *self, const struct read *r)
{
	(void)self;
	if (!ok(gather_read(&gather, r, 0)))
		abort();
	if (gather_full(&gather)) {
		gather.bytes.n = 0;
		gather.reads = 0;
	}
	reads++;
}

static void refuse(void *self, enum rejection why, struct span cursor)
{
	(void)self;
	(void)cursor;
	fprintf(stderr, "rejected: %s\n", rejection_name(why));
	exit(1);
}

static void nothing(void *self)
{
	(void)self;
}

/* A line of some 280 bytes, as a busy camera's is. */
static void line_append(struct buffer *b, unsigned n)
{
	if (!ok(buffer_format(b,
		    "{\"read_id\":\"tfl-ulez-7-%012u\",\"cursor\":\"c-%012u\",\"camera_id\":\"ULEZ-%05u\","
		    "\"captured_at\":"
		    "\"2026-11-01T12:00:%02u.%03u+00:00\",\"vrm\":\"AB%02u "
		    "CDE\",\"lat\":51.48930,\"lon\":-0.13350,\"heading\":350,"
		    "\"lane\":2,\"direction\":\"towards\",\"speed_kph\":47.3,\"confidence\":0.97,\"country\":"
		    "\"GB\"}\n",
		    n, n, n % 4294, n % 60, n % 1000, n % 100)))
		abort();
}

static double time_decode(const struct buffer *lines, uint64_t wanted, const struct decode_sink *sink)
{
	struct decoder *d = decoder_new(DECODE_NDJSON, sink);
	double begin = now_us();

	for (reads = 0; d && reads < wanted;) {
		for (size_t at = 0; at < lines->n; at += CHUNK) {
			size_t n = lines->n - at < CHUNK ? lines->n - at : CHUNK;

			if (!ok(decoder_feed(d, span_of(lines->p + at, n))))
				abort();
		}
	}
	decoder_free(d);
	return (now_us() - begin) / (double)reads;
}

/* The core's side: frames of 512 reads, unpacked, checked, forgotten. */
static double time_core(const struct buffer *lines, uint64_t wanted)
{
	struct decode_sink sink = {gather_one, refuse, nothing, NULL};
	struct decoder *d = decoder_new(DECODE_NDJSON, &sink);
	struct read_batch batch;
	double begin;

	gather.bytes.n = gather.reads = 0;
	if (!d || !ok(decoder_feed(d, span_of(lines->p, lines->n / 2)))) /* half of what makes a full batch */
		abort();
	decoder_free(d);
	begin = now_us();
	for (reads = 0; reads < wanted; reads += batch.n) {
		if (!ok(read_batch_decode(buffer_span(&gather.bytes), &arena, &batch)))
			abort();
		arena_reset(&arena);
	}
	return (now_us() - begin) / (double)reads;
}

int main(int argc, char **argv)
{
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	struct decode_sink only = {count_read, refuse, nothing, NULL},
			   both = {gather_one, refuse, nothing, NULL};
	struct buffer lines = {0};
	double decode;

	for (unsigned n = 0; n < GATHER_READS; n++)
		line_append(&lines, n);
	decode = time_decode(&lines, wanted, &only);
	printf("%zu bytes a read\n", lines.n / GATHER_READS);
	printf("source: decode and check            %.2f us\n", decode);
	printf("source: encode for the core         %.2f us\n", time_decode(&lines, wanted, &both) - decode);
	printf("core:   unpack and check            %.2f us\n", time_core(&lines, wanted));
	arena_free(&arena);
	gather_fini(&gather);
	buffer_free(&lines);
	return 0;
}

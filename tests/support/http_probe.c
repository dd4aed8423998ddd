/* SPDX-License-Identifier: Apache-2.0
 *
 * One api_call from the command line, for the tests. Prints "status node body" or "- trouble".
 *
 *   http_probe CA CERT KEY TIMEOUT_MS NEXT_AFTER_MS METHOD PATH BODY URL ...      BODY "-" = none
 *
 * An answer's worth is as of an off: 200 is final, 202 good, 503 poor, anything else worthless.
 */
#include "gateway/base/error.h"
#include "gateway/base/file.h"
#include "gateway/http/api.h"

#include <stdio.h>
#include <stdlib.h>

enum { CA = 1, CERT, KEY, TIMEOUT, NEXT, METHOD, PATH, BODY, URLS };

static int worth(void *self, int status, struct span body)
{
	(void)self;
	(void)body;
	switch (status) {
	case 200:
		return API_FINAL;
	case 202:
		return 50;
	case 503:
		return 10;
	default:
		return API_WORTHLESS;
	}
}

static struct span pem(const char *path, struct buffer *to)
{
	struct error e = {0};

	if (!ok(file_read(path, 1 << 20, to, &e))) {
		fprintf(stderr, "%s\n", error_text(&e));
		exit(2);
	}
	return buffer_span(to);
}

int main(int argc, char **argv)
{
	struct buffer pems[3] = {0};
	struct api_request request = {.worth = worth};
	struct api_answer answer;
	struct api api = {0};

	if (argc <= URLS)
		return 2;
	api.urls = (const char *const *)argv + URLS;
	api.n_urls = (size_t)(argc - URLS);
	api.tls = (struct http_tls){
		pem(argv[CA], &pems[0]), pem(argv[CERT], &pems[1]), pem(argv[KEY], &pems[2])};
	request.timeout_ms = (int)strtol(argv[TIMEOUT], NULL, 10);
	request.next_after_ms = (int)strtol(argv[NEXT], NULL, 10);
	request.method = argv[METHOD];
	request.path = argv[PATH];
	if (argv[BODY][0] != '-') {
		request.content_type = "application/x-protobuf";
		request.body = span_text(argv[BODY]);
	}
	if (ok(api_call(&api, &request, &answer)))
		printf("%d %zu %s\n", answer.status, answer.node, buffer_text(&answer.body));
	else
		printf("- %s\n", answer.trouble);
	api_answer_free(&answer);
	for (int i = 0; i < 3; i++)
		buffer_free(&pems[i]);
	return 0;
}

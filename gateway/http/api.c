/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking nodes in turn. A node that has been asked is listened to until the end: an 'off' that is slow to be
 * enforced is still worth more than none.
 */
#include "gateway/http/api.h"

#include "gateway/base/clock.h"
#include "gateway/http/attempt.h"
#include "gateway/http/pool.h"

struct call {
	const struct api *api;
	const struct api_request *request;
	CURLM *multi;
	struct attempt attempts[API_NODES_MAX];
	size_t n, asked; /* nodes there are, nodes asked */
	int64_t end_ms, next_ms;
	int best; /* worth of the best answer */
	size_t best_at;
};

static int worth_of(const struct api_request *request, const struct attempt *a)
{
	if (request->worth)
		return request->worth(request->self, a->status, buffer_span(&a->body));
	return a->status < 500 ? API_FINAL : 1;
}

static struct status ask_next(struct call *c, int64_t now_ms)
{
	size_t at = c->asked++;

	c->next_ms = c->request->next_after_ms > 0 ? now_ms + c->request->next_after_ms : INT64_MAX;
	return attempt_start(&c->attempts[at], c->multi, c->api, c->api->urls[at], c->request);
}

static void take_end(struct call *c, CURLMsg *message)
{
	struct attempt *a = NULL;
	int worth = -1;

	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &a);
	attempt_end(a, message->data.result);
	if (a->state == ATTEMPT_ANSWERED)
		worth = worth_of(c->request, a);
	if (worth > c->best) {
		c->best = worth;
		c->best_at = (size_t)(a - c->attempts);
	}
	c->next_ms = 0; /* whatever it was, if it was not final the next is asked */
}

static bool any_runs(const struct call *c)
{
	for (size_t i = 0; i < c->asked; i++) {
		if (c->attempts[i].state == ATTEMPT_RUNNING)
			return true;
	}
	return false;
}

static struct status turn(struct call *c, int64_t now_ms)
{
	int64_t until = c->asked < c->n && c->next_ms < c->end_ms ? c->next_ms : c->end_ms;
	CURLMsg *message;
	int n;

	REQUIRE(curl_multi_perform(c->multi, &n) == CURLM_OK, S_FAULT);
	while ((message = curl_multi_info_read(c->multi, &n))) {
		if (message->msg == CURLMSG_DONE)
			take_end(c, message);
	}
	if (c->best >= API_FINAL)
		return S_OK;
	if (c->asked < c->n && c->next_ms <= now_ms)
		return ask_next(c, now_ms);
	if (any_runs(c) && until > now_ms)
		REQUIRE(curl_multi_poll(c->multi, NULL, 0, (int)(until - now_ms), NULL) == CURLM_OK, S_FAULT);
	return S_OK;
}

static struct status carry_out(struct call *c)
{
	int64_t now_ms = clock_monotonic_ms();

	c->end_ms = now_ms + c->request->timeout_ms;
	TRY(ask_next(c, now_ms));
	do {
		TRY(turn(c, now_ms));
		now_ms = clock_monotonic_ms();
	} while (c->best < API_FINAL && now_ms < c->end_ms && (any_runs(c) || c->asked < c->n));
	return S_OK;
}

static struct status settle(struct call *c, struct api_answer *out)
{
	struct attempt *a = &c->attempts[c->best_at];

	if (c->best < 0) {
		out->trouble =
			c->attempts[0].state == ATTEMPT_FAILED ? c->attempts[0].trouble : "no answer in time";
		return S_RETRY;
	}
	out->status = a->status;
	out->body = a->body;
	out->about = a->about;
	out->node = c->best_at;
	a->body = (struct buffer){0};
	return S_OK;
}

struct status api_call(const struct api *api, const struct api_request *request, struct api_answer *out)
{
	struct call c = {.api = api, .request = request, .n = api->n_urls, .best = -1};
	struct status s;

	*out = (struct api_answer){.trouble = ""};
	REQUIRE(c.n > 0, S_BAD_INPUT);
	if (c.n > API_NODES_MAX)
		c.n = API_NODES_MAX;
	c.multi = pool_take(api->pool);
	REQUIRE(c.multi, S_FAULT);
	s = carry_out(&c);
	if (ok(s))
		s = settle(&c, out);
	else if (s.kind == STATUS_BAD_INPUT)
		out->trouble = "an address is not an https URL";
	for (size_t i = 0; i < c.asked; i++)
		attempt_free(&c.attempts[i], c.multi);
	pool_give(api->pool, c.multi);
	return s;
}

void api_answer_free(struct api_answer *a)
{
	buffer_free(&a->body);
}

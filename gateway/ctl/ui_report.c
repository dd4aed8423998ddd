/* SPDX-License-Identifier: Apache-2.0
 *
 * A report for the page: made here, straight from Kafka with this person's certificate for it, and handed
 * over as texts to be saved. Never as a page: what is in it comes from elsewhere.
 */
#include "gateway/ctl/ui.h"

#include "gateway/ctl/report_make.h"

#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

static void answer(struct job *job, const struct report_made *made)
{
	json_t *json =
		json_pack("{s:s,s:s,s:b}", "html", made->html, "json", made->json, "clean", made->clean);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	job->status = 200;
	job->about = (struct api_about){.content_type = "application/json"};
	if (!text || !ok(buffer_append_text(&job->body, text)))
		job_refuse(job, 503, "out of memory");
	free(text);
	json_decref(json);
}

static void make(struct job *job, const struct evkeyvalq *query)
{
	const char *form = evhttp_find_header(query, "form");
	struct options mine = *job->ui->o;
	struct report_made made = {0};
	struct buffer told = {0};

	mine.told = &told;
	mine.json = false;
	mine.from = evhttp_find_header(query, "from");
	mine.to = evhttp_find_header(query, "to");
	mine.public = !form || strcmp(form, "full") != 0;
	if (!mine.from || !mine.to)
		job_refuse(job, 400, "from, to: say the first day and the last, such as 2026-11-01");
	else if (report_make(&mine, &made) == DONE)
		answer(job, &made);
	else
		job_refuse(job, 422, buffer_text(&told));
	report_made_free(&made);
	buffer_free(&told);
}

void report_work(struct job *job)
{
	const char *query = strchr(job->path, '?');
	struct evkeyvalq fields = {0};

	if (query && evhttp_parse_query_str(query + 1, &fields) == 0)
		make(job, &fields);
	else
		job_refuse(job, 400, "ask /v1/report?from=DAY&to=DAY&form=public");
	evhttp_clear_headers(&fields);
	job_answer(job);
}

/* The next one may be asked for as soon as this one is answered. */
static void after(struct job *job)
{
	job->ui->reporting = false;
}

/* The browser waits for as long as it takes, and says nothing meanwhile. */
void report_begin(struct job *job)
{
	job->after = after;
	job->ui->reporting = true;
	bufferevent_set_timeouts(
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(job->request)), NULL, NULL);
}

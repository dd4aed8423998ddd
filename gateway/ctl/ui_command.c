/* SPDX-License-Identifier: Apache-2.0
 *
 * A command on its way from the page to the gateway. What is signed is told first, from the command's own
 * bytes; a page that asks for the same again gets the same command, signed once.
 */
#include "gateway/ctl/ui.h"

#include "gateway/base/clock.h"
#include "gateway/ctl/screen.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

/* A line on the terminal; nothing in it steers that. */
static void tell(const struct ui *ui, const char *what, const char *words)
{
	if (ui->o->json) {
		json_t *line = json_pack("{s:s,s:s}", what, words, "at", CLOCK_TEXT(clock_now()));
		if (line)
			json_dumpf(line, stdout, JSON_COMPACT);
		json_decref(line);
	} else {
		printf("%.8s  %s: ", CLOCK_TEXT(clock_now()) + 11, what);
		print_plain(words);
	}
	putchar('\n');
	fflush(stdout);
}

/* Its place, busy: the one it had, or a new one. NULL, with why: the nonce is another command's, or under
 * way.
 */
static struct sealed *place_take(struct ui *ui, const Anpr__V1__SignedCommand *draft,
	const Anpr__V1__Command *command, const char **why)
{
	struct digest digest = digest_of(span_of(draft->command.data, draft->command.len));
	struct sealed *free_one = NULL;

	for (size_t n = 0; n < SEALED_MAX; n++) {
		struct sealed *s = &ui->sealed[(ui->next_sealed + n) % SEALED_MAX];
		if (s->used && memcmp(s->nonce, command->nonce.data, sizeof s->nonce) == 0) {
			*why = s->busy                             ? "this command is being sent already"
			       : !digest_equal(&s->draft, &digest) ? "this nonce was another command's"
								   : NULL;
			s->busy |= !*why;
			return *why ? NULL : s;
		}
		if (!free_one && !s->busy)
			free_one = s;
	}
	*why = free_one ? NULL : "too many commands are being sent at once";
	if (!free_one)
		return NULL;
	ui->next_sealed = (size_t)(free_one - ui->sealed + 1) % SEALED_MAX;
	buffer_free(&free_one->bytes);
	*free_one = (struct sealed){.used = true, .busy = true, .draft = digest};
	memcpy(free_one->nonce, command->nonce.data, sizeof free_one->nonce);
	return free_one;
}

static bool narrows(const Anpr__V1__Command *c)
{
	return c->ask_case == ANPR__V1__COMMAND__ASK_WITHDRAW ||
	       (c->ask_case == ANPR__V1__COMMAND__ASK_SET_SWITCH &&
		       c->set_switch->position == ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF);
}

static void order_fill(struct order *order, const struct job *job)
{
	*order = (struct order)ORDER_INIT;
	order->command = *job->command;
	order->narrows = narrows(job->command);
	for (size_t i = 0; i < job->draft->n_documents && i < 2; i++)
		order->documents[i] = span_of(job->draft->documents[i].data, job->draft->documents[i].len);
}

/* What became of it, for the terminal. */
static struct status outcome_words(const struct answer *a, struct buffer *out)
{
	const char *outcome = json_text(a->json, "outcome"), *why = json_text(a->json, "error");

	if (a->status == 0)
		return buffer_format(out, "NOT CONFIRMED: no gateway answers: %s", a->trouble);
	if (a->status != 200 && a->status != 202)
		return buffer_format(out, "%s: %s", a->status < 500 ? "refused" : "NOT CONFIRMED", why);
	if (strcmp(outcome, "done") == 0)
		return buffer_format(out, "done, journal entry %llu%s",
			(unsigned long long)json_number(a->json, "entry"),
			json_is_object(json_object_get(a->json, "receipt")) ? ", with a receipt" : "");
	if (strcmp(outcome, "recorded") == 0)
		return buffer_append_text(out, "recorded, but NOT YET ENFORCED everywhere");
	return strcmp(outcome, "stopped_here") == 0
		       ? buffer_append_text(out, "in force ON THIS NODE ONLY, and NOT RECORDED")
		       : buffer_append_text(out, "NOT CONFIRMED: the answer makes no sense");
}

static void answer_take(struct job *job, const struct answer *answer)
{
	char *text = answer->json ? json_dumps(answer->json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	job->status = (int)answer->status;
	job->about = (struct api_about){.content_type = "application/json"};
	if (answer->status == 0)
		job_refuse(job, 502, "nothing was done that anybody confirmed: no gateway answers");
	else if (!text || !ok(buffer_append_text(&job->body, text)))
		job_refuse(job, 502, "the gateway's answer makes no sense: nothing is confirmed");
	(void)ok(outcome_words(answer, &job->outcome));
	free(text);
}

static void not_signed(struct job *job, struct buffer *told)
{
	job_refuse(job, 403, buffer_text(told));
	(void)ok(buffer_format(&job->outcome, "nothing was sent"));
}

static void work(struct job *job)
{
	struct ui *ui = job->ui;
	struct buffer told = {0};
	struct options mine = *ui->o;
	struct answer answer = {0};
	struct order order;
	enum exit_code code = DONE;

	mine.told = &told;
	mine.json = false;
	order_fill(&order, job);
	if (job->sealed->bytes.n == 0)
		code = order_seal(&mine, &ui->credentials, &order, &job->sealed->bytes);
	if (code == DONE)
		code = order_post(&mine, &ui->credentials, &order, buffer_span(&job->sealed->bytes), &answer);
	if (code == DONE)
		answer_take(job, &answer);
	else
		not_signed(job, &told);
	job_answer(job);
	if (code == DONE)
		order_sent(&mine, &ui->credentials, &order);
	json_decref(answer.json);
	buffer_free(&told);
}

/* It can be repeated from now on. */
static void after(struct job *job)
{
	if (job->outcome.n > 0)
		tell(job->ui, "outcome", buffer_text(&job->outcome));
	job->sealed->busy = false;
}

static void settle(struct job *job)
{
	buffer_free(&job->outcome);
	anpr__v1__command__free_unpacked(job->command, NULL);
	anpr__v1__signed_command__free_unpacked(job->draft, NULL);
}

/* What the envelope holds beside what draft_decode looked at. NULL, or why not. */
static const char *draft_problem(const Anpr__V1__SignedCommand *draft, const Anpr__V1__Command *command)
{
	if (command->nonce.len != NONCE_BYTES)
		return "the command's nonce is not 16 bytes";
	if (draft->n_documents > 2)
		return "more texts than a command can name";
	for (size_t i = 0; i < draft->n_documents; i++)
		if (draft->documents[i].len == 0)
			return "an empty text";
	return NULL;
}

/* Takes draft and command, whatever becomes of them. */
static void start(struct ui *ui, struct evhttp_request *request, Anpr__V1__SignedCommand *draft,
	Anpr__V1__Command *command)
{
	const char *bad = draft_problem(draft, command), *problem = bad;
	struct sealed *place = bad ? NULL : place_take(ui, draft, command, &problem);
	struct buffer words = {0};
	struct job *job = place ? job_new(ui, request, work) : NULL;

	if (job) {
		job->draft = draft;
		job->command = command;
		job->sealed = place;
		job->after = after;
		job->settle = settle;
		(void)ok(command_words(command, &words));
		tell(ui, "signing", buffer_text(&words));
		buffer_free(&words);
		job_start(job);
		return;
	}
	if (place)
		place->busy = false;
	else
		serve_refuse(request, bad ? 400 : 409, problem);
	anpr__v1__command__free_unpacked(command, NULL);
	anpr__v1__signed_command__free_unpacked(draft, NULL);
}

void command_take(struct ui *ui, struct evhttp_request *request)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	struct span body = span_of(evbuffer_pullup(in, -1), evbuffer_get_length(in));
	Anpr__V1__SignedCommand *draft = NULL;
	Anpr__V1__Command *command = NULL;
	struct error e = {0};

	if (ok(draft_decode(body, &draft, &command, &e)))
		start(ui, request, draft, command);
	else
		serve_refuse(request, 400, error_text(&e));
	error_free(&e);
}

void commands_free(struct ui *ui)
{
	for (size_t i = 0; i < SEALED_MAX; i++)
		buffer_free(&ui->sealed[i].bytes);
}

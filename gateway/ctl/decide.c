/* SPDX-License-Identifier: Apache-2.0
 *
 * anprctl approve, refuse, withdraw: decisions about what is proposed and agreed.
 */
#include "gateway/ctl/order.h"
#include "gateway/ctl/proposals.h"

#include <stdio.h>

static const struct option_row options[] = {
	OPTION(OPTION_TEXT, "reason", "TEXT", "why; kept in the journal (needed)", reason),
	{0},
};

static const struct option_row receipt_options[] = {
	OPTION(OPTION_TEXT, "reason", "TEXT", "why; kept in the journal (needed)", reason),
	OPTION(OPTION_TEXT, "receipt", "FILE", "keep the receipt's signed bytes in FILE", receipt),
	{0},
};

/* Shown before it is agreed to; the order is refused if something is decided meanwhile. */
static enum exit_code look(const struct options *o, const struct order *order)
{
	json_t *view = NULL;
	enum exit_code code = o->json ? DONE : proposal_get(o, order->command.approve->proposal, &view);

	if (code == DONE && strcmp(json_text(json_array_get(view, 0), "state"), "open") == 0) {
		proposal_change_print(json_array_get(view, 0));
		putchar('\n');
	}
	json_decref(view);
	return code;
}

static enum exit_code approve(struct options *o)
{
	Anpr__V1__Approve ask = ANPR__V1__APPROVE__INIT;
	struct order order = ORDER_INIT;
	enum exit_code code = proposal_number(o, &ask.proposal);

	order.command.ask_case = ANPR__V1__COMMAND__ASK_APPROVE;
	order.command.approve = &ask;
	order.heading = "Approved.";
	order.done = "Your body's consent is in the journal.";
	order.look = look;
	if (code == DONE)
		code = order_reason(o, &order);
	return code == DONE ? order_send(o, &order) : code;
}

static enum exit_code refuse(struct options *o)
{
	Anpr__V1__Refuse ask = ANPR__V1__REFUSE__INIT;
	struct order order = ORDER_INIT;
	enum exit_code code = proposal_number(o, &ask.proposal);

	order.command.ask_case = ANPR__V1__COMMAND__ASK_REFUSE;
	order.command.refuse = &ask;
	order.heading = "Refused.";
	order.done = "The proposal has ended; it can be made again.";
	if (code == DONE)
		code = order_reason(o, &order);
	return code == DONE ? order_send(o, &order) : code;
}

static enum exit_code withdraw(struct options *o)
{
	Anpr__V1__Withdraw ask = ANPR__V1__WITHDRAW__INIT;
	struct order order = ORDER_INIT;
	enum exit_code code = order_reason(o, &order);

	ask.agreement = (char *)o->arguments[0];
	order.command.ask_case = ANPR__V1__COMMAND__ASK_WITHDRAW;
	order.command.withdraw = &ask;
	order.narrows = true;
	order.heading = "Withdrawn.";
	order.done = "Nothing is published under it any more; it returns only by the consent of all.";
	return code == DONE ? order_send(o, &order) : code;
}

const struct verb verb_approve = {
	.name = "approve",
	.arguments = "N --reason TEXT",
	.summary = "give your body's consent to a proposal",
	.help = "Consents to proposal N for your organisation. Once every body that it needs has, it takes "
		"effect.\n"
		"Shows first what it would change of what is in force now; with --json that is the answer's "
		"`change`.\n"
		"It is refused if something about the same partner was decided since you looked.\n"
		"\n"
		"  anprctl proposals\n"
		"  anprctl approve 7 --reason \"Board decision of 12 October\"\n",
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {connection_options},
	.run = approve,
};

const struct verb verb_refuse = {
	.name = "refuse",
	.arguments = "N --reason TEXT",
	.summary = "end a proposal that needs your body's consent",
	.help = "Says no to proposal N for your organisation, which ends it.\n"
		"\n"
		"  anprctl refuse 7 --reason \"Area too wide\"\n",
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {connection_options},
	.run = refuse,
};

const struct verb verb_withdraw = {
	.name = "withdraw",
	.arguments = "AGREEMENT --reason TEXT",
	.summary = "end an agreement; any consenting body can",
	.help = "Ends an agreement that your body consented to, for good and at once, with a receipt like "
		"`off`. It comes\n"
		"back only as a new proposal with everybody's consent. To stop for a while, use `off`.\n"
		"\n"
		"  anprctl withdraw TFL-MPS-2026-01 --reason \"Purpose no longer given\"\n",
	.options = receipt_options,
	.min_arguments = 1,
	.max_arguments = 1,
	.common = {connection_options},
	.run = withdraw,
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the law asks of logs, and where this system meets it or does not; and what no report of this kind can
 * prove. Words only: they hold for any period. Data Protection Act 2018 s.62 as amended (the justification
 * for a consultation or disclosure is no longer asked for; the instrument is told all the same, by
 * agreement).
 *
 * duties [duty, source, met (yes | partly | no), where, not_met | null]; limits [text]
 */
#include "gateway/report/internal.h"

struct duty {
	const char *duty, *source, *met, *where, *not_met;
};

static const struct duty duties[] = {
	{"collection", "s.62(1)(a)", "partly",
		"Ledger: every transaction says how many reads of which partner and registered camera were "
		"taken in, when, and what became of them (30 days). Accounts: the same by clock hour, "
		"signed, "
		"for ever. 'Reads' below adds them up.",
		"Single reads that were denied or rejected are not logged: they leave a count and a reason, "
		"nothing else, by design."},
	{"alteration", "s.62(1)(b)", "yes",
		"The gateway alters no read. What an agreement leaves out of reads, and every change of "
		"camera "
		"register, agreement and switch, is a signed entry of the journal: 'Changes' below.",
		NULL},
	{"consultation", "s.62(1)(c)", "no",
		"Nothing can be looked up in the gateway: it has no store of reads and no question by "
		"registration mark.",
		"Who consults reads once they are on the police topic, and in the systems behind it, is for "
		"the "
		"recipient to log."},
	{"disclosure (including transfers)", "s.62(1)(d)", "partly",
		"Each read on the police topic carries partner, agreement, policy version, purposes, when it "
		"was received and published, and its number; the ledger accounts for it in the same "
		"transaction.",
		"Which consumer fetched which read is not logged by the gateway; the brokers' own logs may "
		"tell."},
	{"combination", "s.62(1)(e)", "yes",
		"None is made but with the camera's name, area and position in the agreed register, whose "
		"every "
		"version is in the journal.",
		NULL},
	{"erasure", "s.62(1)(f)", "partly",
		"The gateway keeps no reads. On the police topic Kafka erases by age; what was agreed and "
		"what "
		"the brokers are set to is under 'Retention'. A verification counts the reads that are gone.",
		"Single erasures are not logged, and those in systems behind the topic are for the recipient "
		"to "
		"log."},
	{"date and time of a disclosure", "s.62(2), (3)", "yes",
		"On every read (published_at, the Kafka record's own time), and in the ledger.", NULL},
	{"identity of who disclosed", "s.62(2), (3)", "yes",
		"Disclosure is automatic. Who proposed and consented to the agreement it rests on, and who "
		"turned "
		"the switches on and off, is in the journal under their own signatures.",
		NULL},
	{"identity of the recipients", "s.62(2), (3)", "partly",
		"By organisation and by the names of the certificates that the agreement lets read the "
		"topic; "
		"compared with the brokers' rights while the gateway runs, and told under 'Readers'.",
		"A certificate is not a person: who sat behind it is for the recipient to log."},
	{"purpose", "ICO data sharing code", "yes",
		"On every read and in every agreement, with necessity, instrument and documents by hash.",
		NULL},
	{"use of the logs", "s.62(4)", "partly",
		"Journal, ledger and accounts hold no registration mark, image or position, so that they "
		"serve "
		"to verify and supervise and for nothing else.",
		"That nobody uses them otherwise is for their controllers to see to."},
	{"available to the Commissioner", "s.62(5)", "yes",
		"This report, 'anprctl export' (all of it, as evidence) and 'anprctl verify' (checks it).",
		NULL},
};

static const char *const limits[] = {
	"That partners sent everything their cameras saw, or that cameras saw what they say: counting begins "
	"at "
	"the gateway.",
	"That a registration mark was read correctly. Reads are passed on as they came.",
	"That nothing is shared by other ways than this gateway.",
	"What happens to reads behind the police topic: who looks at them, for what, and whether copies are "
	"erased.",
	"Who could read the topic at any time but now. Brokers keep no past of their rights; the gateway "
	"compares "
	"them with the agreements while it runs and stops publishing where they differ. Super-users of the "
	"brokers "
	"and whoever holds their disks can read in any case.",
	"That what an agreement says is true. It proves that this very text, and documents with these "
	"hashes, were "
	"consented to by these certificates.",
	"That the holder of a certificate was the person it names. A signature proves the key.",
	"That the whole journal was not replaced, from its first entry on, by those who hold all the keys. "
	"An "
	"entry's number and hash noted earlier, or a body's own copy of its CA, proves it: anprctl verify "
	"--head, "
	"--root.",
	"Gaps from before the oldest ledger record that is left, and single transactions of that time: then "
	"the "
	"signed hourly accounts are all there is.",
	"Times better than the gateway's clock, which is held within 2 s of the brokers'; the times of reads "
	"are "
	"the cameras' own.",
};

json_t *model_duties(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof duties / sizeof *duties; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:o}", "duty", duties[i].duty, "source",
				      duties[i].source, "met", duties[i].met, "where", duties[i].where,
				      "not_met", model_text(duties[i].not_met)));
	return list;
}

json_t *model_limits(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		json_array_append_new(list, json_string(limits[i]));
	return list;
}

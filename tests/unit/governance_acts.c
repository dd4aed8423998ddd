/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands in one call, and the texts they are about.
 */
#include "tests/unit/governance_world.h"

#include <stdio.h>

static struct status turn(
	struct world *w, enum who who, int position, const char *partner, const char *agreement)
{
	world_ask(w);
	w->c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	w->c.set_switch = &w->sw;
	w->sw.position = (Anpr__V1__SwitchPosition)position;
	w->sw.partner = (char *)partner;
	w->sw.agreement = (char *)agreement;
	return world_send(w, who);
}

struct status world_off(struct world *w, enum who who, const char *partner, const char *agreement)
{
	return turn(w, who, ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF, partner, agreement);
}

struct status world_on(struct world *w, enum who who, const char *partner, const char *agreement)
{
	return turn(w, who, ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON, partner, agreement);
}

struct status world_approve(struct world *w, enum who who, uint64_t proposal)
{
	world_ask(w);
	w->c.ask_case = ANPR__V1__COMMAND__ASK_APPROVE;
	w->c.approve = &w->approve;
	w->approve.proposal = proposal;
	return world_send(w, who);
}

struct status world_refuse(struct world *w, enum who who, uint64_t proposal)
{
	world_ask(w);
	w->c.ask_case = ANPR__V1__COMMAND__ASK_REFUSE;
	w->c.refuse = &w->refuse;
	w->refuse.proposal = proposal;
	return world_send(w, who);
}

struct status world_withdraw(struct world *w, enum who who, const char *agreement)
{
	world_ask(w);
	w->c.ask_case = ANPR__V1__COMMAND__ASK_WITHDRAW;
	w->c.withdraw = &w->withdraw;
	w->withdraw.agreement = (char *)agreement;
	return world_send(w, who);
}

static struct status propose(struct world *w, enum who who, int kind, const char *partner, struct span text)
{
	world_ask(w);
	w->c.ask_case = ANPR__V1__COMMAND__ASK_PROPOSE;
	w->c.propose = &w->propose;
	w->propose.partner = (char *)partner;
	w->document.kind = (Anpr__V1__DocumentKind)kind;
	w->document.size = text.n;
	w->document.name = "text";
	ck_assert(ok(document_store_put(w->documents, text, &w->sha256)));
	w->document.sha256 = (ProtobufCBinaryData){32, w->sha256.v};
	return world_send(w, who);
}

struct status world_register(struct world *w, enum who who, const char *partner, const char *csv)
{
	return propose(w, who, ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER, partner, span_text(csv));
}

struct status world_agreement(struct world *w, enum who who, const char *yaml)
{
	return propose(w, who, ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT, "", span_text(yaml));
}

struct status world_propose(struct world *w, enum who who, Anpr__V1__DocumentKind kind, struct span text)
{
	return propose(w, who, (int)kind, "", text);
}

/* --- texts --- */

const char world_csv[] = "camera_id,external_ids,name,latitude,longitude,road,heading,area,state,zone\n"
			 "U-0,,zero,51.40,-0.10,A1,10,inner,live,Europe/London\n"
			 "U-1,,one,51.41,-0.11,A1,10,inner,live,Europe/London\n"
			 "U-2,,two,51.42,-0.12,A1,10,inner,live,Europe/London\n"
			 "U-3,,three,51.43,-0.13,A1,10,inner,live,Europe/London\n"
			 "U-4,,four,51.44,-0.14,A1,10,inner,live,Europe/London\n"
			 "U-5,,five,51.45,-0.15,A1,10,outer,live,Europe/London\n"
			 "U-6,,six,51.46,-0.16,A1,10,outer,live,Europe/London\n"
			 "U-7,,seven,51.47,-0.17,A1,10,outer,live,Europe/London\n"
			 "U-8,,eight,51.48,-0.18,A1,10,outer,live,Europe/London\n"
			 "U-9,,nine,51.49,-0.19,A1,10,outer,live,Europe/London\n";

const char *world_yaml(
	const char *id, const char *recipient, const char *topic, const char *consents, const char *cameras)
{
	static char text[4096];
	snprintf(text, sizeof text,
		"agreement: %s\n"
		"partner: tfl-ulez\n"
		"recipient: {organisation: %s, topic: %s, principals: [\"User:CN=police,O=mps\"]}\n"
		"verifiers: [\"User:CN=verifier,O=ico\"]\n"
		"consents: [%s]\n"
		"controller: {name: Transport for London, contact: dpo@tfl.example}\n"
		"instrument: MD2977\n"
		"documents: [{title: DPIA, sha256: "
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]\n"
		"necessity: Cameras in the current system do not cover the extended zone.\n"
		"purposes: [serious-crime, counter-terrorism]\n"
		"valid: {from: 2026-11-01T00:00:00Z, until: 2027-10-31T23:59:59Z, review_by: 2027-05-01}\n"
		"keep_for: 365d\n"
		"kinds: [vrm]\n"
		"share: [read]\n"
		"drop: [speed_kph]\n"
		"rules:\n"
		"  - name: inner\n"
		"    cameras: [U-0, U-1, U-2, U-3, U-4]\n"
		"  - name: all\n"
		"    cameras: [%s]\n"
		"quality: {min_confidence: 0.7, max_age: 24h, max_future: 5s, clock_bound: 2s}\n",
		id, recipient, topic, consents, cameras);
	return text;
}

static void must(struct world *w, struct status s)
{
	ck_assert_msg(ok(s), "%s", w->why);
}

void world_agreed(struct world *w)
{
	must(w, world_register(w, BOB, "tfl-ulez", world_csv));
	must(w, world_agreement(
			w, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl, mopac", "\"U-*\"")));
	uint64_t proposal = world_newest(w);
	must(w, world_approve(w, BOB, proposal));
	must(w, world_approve(w, MIA, proposal));
}

void world_live(struct world *w)
{
	world_agreed(w);
	must(w, world_on(w, ALICE, "tfl-ulez", "A"));
	must(w, world_on(w, BOB, "tfl-ulez", "A"));
	world_wait(w, 1000);
}

size_t world_cameras_on(struct world *w)
{
	struct policy_snapshot *snapshot = NULL;
	ck_assert(ok(governance_snapshot(w->g, w->now, &snapshot)));
	ck_assert_uint_eq(snapshot_version(snapshot), governance_sequence(w->g));
	size_t n = partner_policy_cameras_on(snapshot_partner(snapshot, span_text("tfl-ulez")), w->now);
	snapshot_release(snapshot);
	return n;
}

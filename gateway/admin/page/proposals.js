// SPDX-License-Identifier: Apache-2.0
// What was proposed, what it would change against what is in force now, and one's own body's word on it.
import { decide } from "./decide.js";
import { cell, h, wide } from "./dom.js";
import { state, view } from "./live.js";
import { badge } from "./partners.js";
import { SIGN, hasRole, signs } from "./sides.js";
import { list, moment, number, plain, who } from "./words.js";

const STATES = { open: "Open", effective: "In effect", refused: "Refused", lapsed: "Lapsed", superseded: "Replaced by a later one" };
const DECIDERS = ["policy-admin", "controller"];

const openOnes = () => (view("/v1/proposals").data ?? []).filter((p) => p.state === "open");
export const proposalsCount = () => { const n = openOnes().length; return n > 0 ? ` (${n} open)` : ""; };

const title = (p) => `${plain(p.kind)} ${p.agreement ?? p.partner ?? p.about}`;

const WAYS = [["widens", "shares more"], ["narrows", "shares less"]];
const way = (item) => list(WAYS.filter(([key]) => item[key]).map(([, words]) => words)) || "neither";

const CHANGE = ["Part", "Before", "After", "In words", "So it"];

function changeView(change) {
  if (!change) return null;
  const cells = (item) => [plain(item.part), item.before ?? (item.removed ?? []).join(", "), item.after ?? (item.added ?? []).join(", "), item.words, way(item)];
  return wide("What it would change", h("table", { class: "stacked" }, h("caption", {}, "What it would change, reckoned against what is in force now"),
    h("thead", {}, h("tr", {}, CHANGE.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, change.items.map((item, i) => h("tr", { "data-key": `${i}${item.part}` }, cells(item).map((words, c) => cell(words, c, CHANGE[c])))))));
}

function decideOn(p, verb) {
  const approve = verb === "approve";
  const others = p.consents.need.filter((o) => o !== state.who.organisation);
  decide({
    title: `${approve ? "Approve" : "Refuse"} proposal ${p.number}: ${title(p)}`,
    words: [p.change?.words ?? p.about, approve
      ? others.length > 0 ? `It comes into force once ${list(others)} approve${others.length === 1 ? "s" : ""} too.` : "It comes into force at once. What an agreement newly covers stays off until each side turns its own switch on."
      : "It is over then; it would have to be proposed anew."],
    confirm: approve ? "Approve" : "Refuse",
    spans: false,
    name: `proposal-${p.number}`,
    proved: "It is in force, and no node publishes by what was in force before.",
    ask: () => ({ [verb]: { proposal: p.number } }),
  });
}

function actions(p) {
  const { organisation } = state.who;
  if (!hasRole(...DECIDERS)) return null;
  if (!p.consents.need.includes(organisation) && !p.consents.have.includes(organisation)) return h("p", { class: "quiet" }, `Not ${organisation}'s to decide.`);
  const button = (verb, words, strong) => h("button", { type: "button", class: strong, "aria-label": `${words} proposal ${p.number}`, onclick: () => decideOn(p, verb) }, `${words} …`);
  return h("p", { class: "buttons" }, p.consents.need.includes(organisation) && (signs() ? button("approve", "Approve", "strong") : h("span", { class: "quiet" }, `To approve: ${SIGN.charAt(0).toLowerCase()}${SIGN.slice(1)}`)), button("refuse", "Refuse"));
}

const trialView = (t) => t && h("p", { class: "quiet" }, `Tried on live reads by the proposer: of ${number(t.reads ?? 0)}, ${number(t.both ?? 0)} shared as today, ${number(t.only_draft ?? 0)} more, ${number(t.only_today ?? 0)} fewer.`);

const proposalView = (p) => h("article", { class: "card", "data-key": p.number },
  h("h2", {}, `${p.number}: ${title(p)}`),
  h("p", {}, badge(p.state === "open" ? "partly" : p.state === "effective" ? "on" : "off", STATES[p.state] ?? plain(p.state)),
    ` Proposed ${moment(p.proposed)} by ${who({ organisation: p.proposer, subject: p.subject })}${p.name ? `, as ${p.name}` : ""}.`),
  h("p", {}, `Consented: ${list(p.consents.have) || "nobody"}.`, p.state === "open" && ` Still needed: ${list(p.consents.need) || "nobody"}. Lapses ${moment(p.lapses)}.`),
  p.state === "open" && [changeView(p.change), trialView(p.trial), actions(p)],
  p.effect && h("p", { class: "quiet" }, p.effect),
  h("p", { class: "quiet hash" }, `SHA-256 ${p.sha256}`));

export function proposalsView() {
  const { data, error } = view("/v1/proposals");
  if (!data) return [h("h1", {}, "Proposals"), h("p", {}, error ?? "Asking …")];
  const open = data.filter((p) => p.state === "open");
  const decided = data.filter((p) => p.state !== "open").reverse();
  return [
    h("h1", {}, "Proposals"),
    open.length === 0 ? h("p", {}, "None is open.") : h("div", { class: "cards" }, open.map(proposalView)),
    decided.length > 0 && h("details", {}, h("summary", {}, `Decided (${decided.length})`), h("div", { class: "cards" }, decided.map(proposalView)))];
}

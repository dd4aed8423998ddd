// SPDX-License-Identifier: Apache-2.0
// All partners: whether anything is shared, both switches, what flows, what is wrong.
import { ratesChart, reasonsChart } from "./chart.js";
import { h } from "./dom.js";
import { lately, rates, state } from "./live.js";
import { mayTurn, mayTurnAny, scope, side, sideName, sidesOf, since, stopFiles } from "./sides.js";
import { offButton, onButton, onButtonFor } from "./turn.js";
import { count, list, moment, number, plain } from "./words.js";

const POSITIONS = { on: "On", off: "Off", partly: "Partly on", none: "Nothing agreed" };
export const badge = (position, words = POSITIONS[position]) => h("span", { class: `badge ${position}` }, words);

export const partnerLink = (id) => `#/partner/${encodeURIComponent(id)}`;

// One side's switch, and what else it has turned off.
function sideView(partner, organisation) {
  const s = side(partner, organisation);
  const mine = mayTurn(partner.id) && organisation === state.who.organisation;
  return h("li", { class: "side", "data-key": organisation },
    h("p", { class: "side-head" }, h("strong", {}, sideName(partner.id, organisation)), " ", badge(s.position),
      mine && s.position !== "off" && s.position !== "none" && [" ", offButton({ partner: partner.id }, partner.id)]),
    h("ul", { class: "switches" },
      s.over.map((one) => switchView(partner, one, mine)),
      s.untouched.map((id) => h("li", { "data-key": `u${id}` }, `agreement ${id}: off, never turned on by ${organisation} `,
        mine && onButtonFor(partner, { agreement: id }, `${partner.id}: agreement ${id}`))),
      s.further.map((one) => switchView(partner, one, mine))));
}

const switchView = (partner, s, mine) => h("li", { "data-key": s.selectors },
  `${scope(s)}: ${s.position} `, h("span", { class: "quiet" }, since(s)), mine && s.position === "off" && [" ", onButton(partner, s)]);

const SOURCES = { absent: "no source process", idle: "not connected", connecting: "connecting to it", streaming: "connected", waiting: "waiting before it is tried again" };

// Why what this node publishes of it does not come out: it is told by the publisher; null where it does come out.
function stuck(partner) {
  const by = state.status.publishers.find((p) => p.publisher === partner.publisher);
  return !partner.source || !by || (!by.detail && by.state !== "resuming") ? null : by.detail || "the publisher takes up its work";
}

// off | on: it flows as far as this node can tell | stuck | unknown: another node publishes it
const flow = (partner) => (partner.cameras_on === 0 ? "off" : partner.source === null ? "unknown" : stuck(partner) ? "stuck" : "on");

// What keeps this partner from flowing, beside its switches.
function troubles(partner) {
  const { source } = partner;
  return [
    flow(partner) === "stuck" && `Nothing of it is confirmed as published just now: ${stuck(partner)}.`,
    source === null && `Run by ${partner.node ? `node ${partner.node}` : "no node that this one knows of"}: what flows is known there, not here.`,
    partner.held && "Held by this node: nothing of it is published for now.",
    partner.topic_missing && "Its topic is missing, or not as agreed.",
    partner.on && source && source.state !== "streaming" && `Source: ${SOURCES[source.state] ?? source.state}. ${source.detail}`,
    ...stopFiles(partner).map((s) => `A stop file on a node holds it, since ${moment(s.since)}.`)].filter(Boolean);
}

const FLOWS = { on: "Sharing", stuck: "Turned on, not getting out", unknown: "Turned on, flow not known here" };
export function headline(partner) {
  const now = flow(partner);
  return now === "off"
    ? [badge("off", "Nothing is shared"), ` ${count(partner.cameras, "camera")} in the register`]
    : [badge(now === "on" ? "on" : "partly", FLOWS[now]), ` ${number(partner.cameras_on)} of ${count(partner.cameras, "camera")}`];
}

// How many share, and of how many that cannot be said.
function summary(all) {
  const n = (what) => all.filter((p) => flow(p) === what).length;
  const rest = [n("stuck") > 0 && `${n("stuck")} turned on, but not getting out`, n("unknown") > 0 && `${n("unknown")} turned on and published by another node`].filter(Boolean);
  return `${n("on")} of ${count(all.length, "partner")} ${n("on") === 1 ? "shares" : "share"} reads now${rest.length > 0 ? `; ${list(rest)}` : ""}.`;
}

export function switchesAndFlow(partner) {
  const recent = lately(partner.id);
  const wrong = troubles(partner);
  return [
    wrong.length > 0 && h("ul", { class: "wrong" }, wrong.map((words) => h("li", {}, words))),
    h("div", { class: "columns" },
      h("section", { "aria-label": "Switches" }, h("ul", { class: "sides" }, sidesOf(partner.id).map((o) => sideView(partner, o)))),
      partner.totals && h("section", { "aria-label": "What flows" },
        ratesChart(rates(partner.id)),
        recent && reasonsChart(recent.reasons, `Held back in the last ${count(recent.seconds, "second")}, by reason`),
        partner.suppressed && h("p", { class: "quiet" }, `Not shared because of an off since ${moment(partner.suppressed.since)}: ${count(partner.suppressed.reads, "read")} so far.`),
        h("p", { class: "quiet" }, `Since the first read: ${number(partner.totals.received)} received = ${number(partner.totals.permitted)} shared + ${number(partner.totals.denied)} held back + ${number(partner.totals.rejected)} rejected.`,
          partner.newest_arrival ? ` Newest ${moment(partner.newest_arrival)}.` : ""))),
  ];
}

const card = (partner) => h("article", { class: "card", "data-key": partner.id },
  h("h2", {}, h("a", { href: partnerLink(partner.id) }, partner.id)), h("p", { class: "headline" }, headline(partner)), switchesAndFlow(partner));

export const problems = (status) => [...status.problems, ...status.stop_files.filter((f) => !f.recorded).map((f) => `Stop file ${f.name}: ${f.there ? "not in the journal yet" : "gone, and not out of the journal yet"}.`)];

export function partnersView() {
  const { status } = state;
  const all = [...status.partners].sort((a, b) => (a.id < b.id ? -1 : 1));
  const wrong = problems(status);
  return [
    h("h1", {}, "Partners"),
    h("p", {}, all.length === 0 ? "There are no partners on this node yet." : summary(all)),
    wrong.length > 0 && h("section", { class: "wrong", "aria-label": "Problems" }, h("h2", {}, "Problems"), h("ul", {}, wrong.map((words) => h("li", {}, words)))),
    h("div", { class: "cards" }, all.map(card)),
    mayTurnAny() && all.length > 1 && h("p", {}, offButton({ partner: "" }, "every partner", "Turn every partner off …")),
    !mayTurnAny() && h("p", { class: "quiet" }, `Your roles here (${(state.who.roles ?? []).map(plain).join(", ") || "none"}) let you look at everything, and change nothing.`),
  ];
}

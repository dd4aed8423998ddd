// SPDX-License-Identifier: Apache-2.0
// Agreements: what each covers, for what, until when; with whom.
import { h } from "./dom.js";
import { view } from "./live.js";
import { badge, partnerLink } from "./partners.js";
import { dayOf, count, list, moment, plain, span } from "./words.js";

const STATES = { in_force: "In force", not_started: "Not started", expired: "Expired", withdrawn: "Withdrawn", replaced: "Replaced by a later version" };
const DAY_MS = 86400000;

const fact = (name, ...value) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value));

function dates({ valid }) {
  const left = Date.parse(valid.until) - Date.now();
  return [`${dayOf(valid.from)} to ${dayOf(valid.until)}`, left > 0 && left < 60 * DAY_MS && h("strong", {}, ` (ends in ${span(left)})`),
    valid.review_by && [`, to be reviewed by ${dayOf(valid.review_by)}`, Date.parse(valid.review_by) < Date.now() && h("strong", {}, " (overdue)")]];
}

const agreementView = (a) => h("article", { class: "card", "data-key": `${a.id}/${a.version}`, id: `agreement-${a.version}` },
  h("h2", {}, a.id), h("p", {}, badge(a.state === "in_force" ? "on" : "off", STATES[a.state] ?? plain(a.state))),
  h("table", { class: "facts" }, h("tbody", {},
    fact("partner", h("a", { href: partnerLink(a.partner) }, a.partner)), fact("recipient", `${a.recipient}, topic ${a.topic}`),
    fact("controller", a.controller ?? "not said"), fact("instrument", a.instrument ?? "not said"), fact("purposes", list(a.purposes)),
    fact("covers", `${count(a.cameras, "camera")}, by ${a.rules.length === 1 ? "rule" : "rules"} ${list(a.rules)}`), fact("shares", list(a.share.map(plain))),
    fact("kept for", span(a.keep_for_ms)), fact("in force", dates(a)), fact("consents", list(a.consents)), fact("agreed", moment(a.agreed), ` (entry ${a.version})`),
    a.ended && fact("ended", moment(a.ended), a.withdrawn_by ? ` (entry ${a.withdrawn_by})` : ""), fact("SHA-256", h("span", { class: "hash" }, a.sha256)))));

export function agreementsView(id) {
  const { data, error } = view("/v1/agreements");
  if (!data) return [h("h1", {}, "Agreements"), h("p", {}, error ?? "Asking …")];
  const about = data.filter((a) => !id || a.id === id).reverse();
  const now = about.filter((a) => a.state === "in_force" || a.state === "not_started");
  const over = about.filter((a) => !now.includes(a));
  return [
    h("h1", {}, id ? `Agreement ${id}` : "Agreements"), id && h("p", {}, h("a", { href: "#/agreements" }, "All agreements")),
    now.length === 0 ? h("p", {}, "None is in force: nothing may be shared.") : h("div", { class: "cards" }, now.map(agreementView)),
    over.length > 0 && h("details", {}, h("summary", {}, `Over (${over.length})`), h("div", { class: "cards" }, over.map(agreementView)))];
}

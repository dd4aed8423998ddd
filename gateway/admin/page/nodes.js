// SPDX-License-Identifier: Apache-2.0
// This node's health: the cluster it stands in, its publishers, sources and stop files, and the keys of all nodes.
import { h, wide } from "./dom.js";
import { state, view } from "./live.js";
import { badge, problems } from "./partners.js";
import { moment, number } from "./words.js";

const table = (caption, heads, rows) => wide(caption, h("table", {}, h("caption", {}, caption),
  h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))),
  h("tbody", {}, rows.map((cells) => h("tr", { "data-key": cells[0] }, cells.map((cell, i) => h(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null }, cell)))))));

export function nodesView() {
  const { status } = state;
  const { surroundings: s, journal } = status;
  const wrong = problems(status);
  return [
    h("h1", {}, `Node ${status.gateway}`),
    h("p", {}, badge(wrong.length > 0 ? "off" : "on", wrong.length > 0 ? "Not well" : "Well"), ` Asked at ${moment(status.time)}. Other nodes are asked at their own addresses.`),
    wrong.length > 0 && h("ul", { class: "wrong" }, wrong.map((words) => h("li", {}, words))),
    table("Where it stands", ["", ""], [
      ["Journal", `entry ${number(journal.sequence)} of ${moment(journal.time)}; ${journal.not_yet_enforced === 0 ? "all enforced" : `${number(journal.not_yet_enforced)} not yet enforced`}`],
      ["Policy in force here", `version ${number(status.policy_version)}`],
      ["Cluster", s.well ? `as it has to be, looked at ${s.looked_at ? moment(s.looked_at) : "not yet"}` : `not as it has to be: ${s.why ?? "not looked at yet"}`]]),
    table("Publishers", ["Publisher", "Node", "State", "Committed", "Not committed", "Newest took", "Broker's clock"], status.publishers.map((p) => [
      number(p.publisher), p.node || "not known", p.detail ? `${p.state}: ${p.detail}` : p.state, number(p.transactions), number(p.aborted), `${number(p.transaction_ms)} ms`,
      p.clock_offset_ms === null ? "not known yet" : `${number(p.clock_offset_ms)} ms from here`])),
    table("Sources", ["Partner", "State", "Newest read"], status.partners.map((p) => [
      p.id, !p.source ? `elsewhere${p.node ? `: node ${p.node}` : ""}` : p.source.detail ? `${p.source.state}: ${p.source.detail}` : p.source.state, p.newest_arrival ? moment(p.newest_arrival) : "none"])),
    status.stop_files.length > 0 && table("Stop files", ["Name", "", "Since"], status.stop_files.map((f) => [
      f.name, `${f.there ? "there" : "gone"}, ${f.recorded ? "in the journal" : "not in the journal yet"}`, moment(f.since)])),
    table("Keys of all nodes", ["Key", "Node", "Since entry", "Retired"], (view("/v1/trust").data?.node_keys ?? []).map((k) => [
      h("span", { class: "hash" }, k.key), k.node, number(k.since), k.retired ? `by entry ${k.retired}` : "no"]))];
}

// SPDX-License-Identifier: Apache-2.0
// One partner: its switches and flow, the rules it shares by, its cameras as a table and on a map.
import { h, wide } from "./dom.js";
import { state, view } from "./live.js";
import { cameraMap } from "./map.js";
import { headline, switchesAndFlow } from "./partners.js";
import { agreementsOf, mayTurn } from "./sides.js";
import { bigTable } from "./table.js";
import { offButton } from "./turn.js";
import { count, number, plain, reason } from "./words.js";

const QUALITY_MS = 5000;
const find = { text: "", state: "", shared: "" }; // what is searched for
let shown = null; // {id, turns, table, ...} of the partner that is shown
let chosen = null; // camera pointed out on the map
let redraw = () => {};
export const onSearch = (f) => { redraw = f; };

const STATES = ["live", "commissioning", "offered", "retired"];
const sharedNow = (c) => (c.on ? h("span", { class: "dot on" }, "shared") : h("span", { class: `dot ${c.state === "live" ? "off" : "other"}` }, reason(c.reason)));

// Of this hour's reads; what stands out is named.
function quality(q) {
  if (!q) return "no read this hour";
  const flags = [
    q.low_confidence && `${number(q.low_confidence)} of low confidence`, q.misread_suspects && `${number(q.misread_suspects)} misread?`,
    q.unknown_formats && `${number(q.unknown_formats)} of unknown format`, q.position_mismatches && `${number(q.position_mismatches)} from elsewhere`,
    q.repeats && `${number(q.repeats)} twice`,
    q.clock_offset_ms !== null && Math.abs(q.clock_offset_ms) > 2000 && `clock off by ${number(q.clock_offset_ms)} ms`].filter(Boolean);
  return `${number(q.permitted)} of ${count(q.received, "read")} shared${flags.length > 0 ? `; ${flags.join(", ")}` : ""}`;
}

function newTable(id, turns) {
  const columns = [
    { name: "Camera", cell: (c) => h("button", { type: "button", class: "plain", "aria-label": `Show ${c.camera_id} on the map`, onclick: () => { chosen = c.camera_id; redraw(); } }, c.camera_id) },
    { name: "Now", cell: sharedNow },
    ...(turns ? [{ name: "Switch", cell: (c) => c.on && offButton({ partner: id, cameras: { patterns: [c.camera_id] } }, `camera ${c.camera_id} of ${id}`) }] : []),
    { name: "State", cell: (c) => plain(c.state) },
    { name: "This hour", cell: (c) => quality(shown.quality.get(c.camera_id)) },
    { name: "Name", cell: (c) => [c.name, c.road, c.area].filter(Boolean).join(", ") },
  ];
  return bigTable(`Cameras of ${id}`, columns, (c) => c.camera_id);
}

const wanted = (c) => {
  const text = find.text.toLowerCase();
  return (!find.state || c.state === find.state) && (!find.shared || String(c.on) === find.shared) &&
    (!text || [c.camera_id, c.name, c.road, c.area].some((part) => part?.toLowerCase().includes(text)));
};

const choice = (id, label, key, options) => h("div", {}, h("label", { for: id }, label),
  h("select", { id, onchange: (e) => { find[key] = e.target.value; redraw(); } }, options.map(([value, words]) => h("option", { value }, words))));

// The cameras searched for: the same list for as long as nothing has changed.
function rowsOf(cameras) {
  const key = JSON.stringify(find);
  if (shown.cameras !== cameras || shown.key !== key) Object.assign(shown, { cameras, key, rows: cameras.filter(wanted) });
  return shown.rows;
}

// Once what was drawn is in the document. The table stays the same one, and where it was scrolled to; the map is drawn
// only when it has changed.
function mount(rows, places) {
  const [slot, map] = ["cameras", "map"].map((id) => document.getElementById(id));
  if (!slot || !shown) return;
  if (shown.table.parentNode !== slot) slot.replaceChildren(shown.table);
  shown.table.show(rows);
  if (places && (shown.drawn?.rows !== rows || shown.drawn.chosen !== chosen || map.childElementCount === 0)) {
    map.replaceChildren(cameraMap(rows, places, chosen));
    shown.drawn = { rows, chosen };
  }
}

function camerasView(id) {
  const path = `/v1/cameras?partner=${encodeURIComponent(id)}`;
  // What was turned on a moment ago is shared a little later, without anything new in the journal.
  const settling = view(path).data?.some((c) => c.reason === "captured_while_off");
  const cameras = settling ? view(path, QUALITY_MS) : view(path);
  const places = view(`/v1/positions?partner=${encodeURIComponent(id)}`);
  const counted = view(`/v1/quality?partner=${encodeURIComponent(id)}`, QUALITY_MS);
  if (!cameras.data) return h("p", {}, cameras.error ?? "Asking for its cameras …");
  const turns = mayTurn(id); // known once the agreements are there
  if (shown?.id !== id) {
    chosen = null;
    Object.assign(find, { text: "", state: "", shared: "" });
  }
  if (shown?.id !== id || shown.turns !== turns) shown = { id, turns, table: newTable(id, turns), quality: new Map() };
  shown.quality = new Map((counted.data?.cameras ?? []).map((q) => [q.camera_id, q]));
  const rows = rowsOf(cameras.data);
  queueMicrotask(() => mount(rows, places.data));
  return [
    h("form", { class: "search", role: "search", onsubmit: (e) => e.preventDefault() },
      h("div", {}, h("label", { for: "find" }, "Find a camera"),
        h("input", { id: "find", type: "search", autocomplete: "off", oninput: (e) => { find.text = e.target.value; redraw(); } })),
      choice("find-state", "State", "state", [["", "any"], ...STATES.map((s) => [s, s])]),
      choice("find-shared", "Shared now", "shared", [["", "either"], ["true", "shared"], ["false", "not shared"]])),
    h("p", { role: "status" }, rows.length === cameras.data.length ? count(rows.length, "camera") : `${number(rows.length)} of ${count(cameras.data.length, "camera")}`),
    h("div", { class: "cameras" }, h("div", { id: "cameras", "data-own": true, "data-key": id }), h("div", { id: "map", "data-own": true, "data-key": `map ${id}` }, places.error))];
}

function rulesView(id) {
  const rows = agreementsOf(id).flatMap((a) => a.rules.map((rule) => ({ a, rule })));
  if (rows.length === 0) return h("p", {}, "No agreement is in force, so nothing can be shared.");
  return wide("What it is shared by", h("table", {}, h("caption", {}, "What it is shared by"),
    h("thead", {}, h("tr", {}, ["Agreement", "Rule", "With", ""].map((name) => (name ? h("th", { scope: "col" }, name) : h("td", {}))))),
    h("tbody", {}, rows.map(({ a, rule }) => h("tr", { "data-key": `${a.id}/${rule}` },
      h("th", { scope: "row" }, h("a", { href: `#/agreements/${encodeURIComponent(a.id)}` }, a.id)), h("td", {}, rule), h("td", {}, a.recipient),
      h("td", {}, mayTurn(id) && offButton({ partner: id, agreement: a.id, rule }, `rule ${rule} of ${a.id}`, "Turn off this rule …")))))));
}

export function partnerView(id) {
  const partner = state.status.partners.find((p) => p.id === id);
  if (!partner) return [h("h1", {}, id), h("p", {}, "There is no such partner on this node."), h("p", {}, h("a", { href: "#/" }, "All partners"))];
  return [
    h("h1", {}, id), h("p", { class: "headline" }, headline(partner)), switchesAndFlow(partner),
    h("h2", {}, "Rules"), rulesView(id), h("h2", {}, "Cameras"), camerasView(id)];
}

// SPDX-License-Identifier: Apache-2.0
// The journal in words, newest first; and whether it still has what this browser saw in it before.
import { h, wide } from "./dom.js";
import { history, state } from "./live.js";
import { count, moment, plain, who } from "./words.js";

const SHOWN = 200;
const search = { text: "" };
let redraw = () => {};
export const onSearch = (f) => { redraw = f; };

const kept = () => `anpr-head ${state.status.gateway}`; // {sequence, hash}: the newest entry this browser was shown

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(kept()));
  } catch {
    return null;
  }
}

let verdict = null; // {is: "same" | "first" | "different", seen}: of this journal against what was seen before this page

// Whether the entries contain what this browser was shown before, when this page was opened and since.
export function verify(entries) {
  if (!entries?.size || verdict?.is === "different") return verdict;
  const seen = remembered();
  const there = Boolean(seen) && entries.get(seen.sequence)?.hash === seen.hash;
  if (seen && !there) return (verdict = { is: "different", seen });
  verdict ??= { is: seen ? "same" : "first", seen };
  const newest = [...entries.values()].reduce((a, b) => (a.number > b.number ? a : b));
  try {
    localStorage.setItem(kept(), JSON.stringify({ sequence: newest.number, hash: newest.hash }));
  } catch { /* a browser that keeps nothing */ }
  return verdict;
}

export const journalAlarm = () => (verify(history().entries)?.is === "different"
  ? `This gateway's journal is not the one this browser saw before: entry ${verdict.seen.sequence} is missing or has been changed. Rely on nothing shown here, and have it looked into.` : "");

function verificationView(entries, waiting) {
  const { is, seen } = verify(entries);
  const open = [...entries.values()].filter((e) => e.fences && !e.enforced_by);
  return h("section", { class: is === "different" ? "wrong" : "plain-box", "aria-label": "Verification" }, h("ul", {},
    is === "same" && h("li", {}, `Entry ${seen.sequence}, the newest this browser had seen before, is still there and unchanged.`),
    is === "first" && h("li", {}, "This browser sees this journal for the first time; it will notice if what it has seen now changes."),
    is === "different" && h("li", {}, journalAlarm()),
    h("li", {}, "The gateway checks each entry's signatures and the chain of hashes as it reads them, and publishes nothing where one does not hold."),
    h("li", {}, open.length === 0 ? "Every decision that narrows has its receipt." : `Not yet enforced: entries ${open.map((e) => e.number).join(", ")}.`),
    h("li", {}, "To check without trusting the gateway: ", h("code", {}, "anprctl verify"), ".")), waiting && h("p", { class: "quiet" }, waiting));
}

const entryView = (e, chosen) => h("tr", { "data-key": e.number, id: `entry-${e.number}`, class: String(e.number) === chosen ? "chosen-row" : null },
  h("th", { scope: "row" }, h("a", { href: `#/history/${e.number}` }, String(e.number))), h("td", { class: "nowrap" }, moment(e.time)),
  h("td", {}, plain(e.action)), h("td", {}, who(e.who), e.certificate && h("span", { class: "quiet" }, " (by certificate, unsigned)")),
  h("td", {}, e.reason && h("q", {}, e.reason), e.reason && h("br"), e.effect,
    e.enforced_by && [" ", h("a", { href: `#/history/${e.enforced_by}`, class: "entry" }, `receipt: entry ${e.enforced_by}`)],
    String(e.number) === chosen && h("p", { class: "hash quiet" }, `SHA-256 ${e.hash}, by node ${e.node}`)));

export function historyView(chosen) {
  const { entries, error } = history();
  if (!entries) return [h("h1", {}, "History"), h("p", {}, error ?? "Asking …")];
  const text = search.text.toLowerCase();
  const all = [...entries.values()].sort((a, b) => b.number - a.number);
  const rows = all.filter((e) => String(e.number) === chosen || !text || JSON.stringify([e.action, e.who, e.reason, e.effect, e.partners]).toLowerCase().includes(text));
  const few = rows.filter((e, i) => i < SHOWN || String(e.number) === chosen);
  return [
    h("h1", {}, "History"), verificationView(entries, error),
    h("form", { class: "search", role: "search", onsubmit: (e) => e.preventDefault() }, h("div", {}, h("label", { for: "find-entry" }, "Find in it"),
      h("input", { id: "find-entry", type: "search", autocomplete: "off", oninput: (e) => { search.text = e.target.value; redraw(); } }))),
    h("p", { role: "status" }, `${count(rows.length, "entry", "entries")}${few.length < rows.length ? `; the newest ${SHOWN} are shown` : ""}`),
    wide("Entries", h("table", { class: "history" }, h("caption", { class: "unseen" }, `Journal of ${state.status.gateway}`),
      h("thead", {}, h("tr", {}, ["Entry", "When", "What", "Who", "Why and to what effect"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, few.map((e) => entryView(e, chosen)))))];
}

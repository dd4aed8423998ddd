// SPDX-License-Identifier: Apache-2.0
// The shell: which view the address names, drawn anew when something has changed, and what is said aloud.
import { h, patch } from "./dom.js";
import { forget, isStale, onChange, start, state } from "./live.js";
import { agreementsView } from "./agreements.js";
import { historyView, journalAlarm, onSearch as onHistorySearch } from "./history.js";
import { nodesView } from "./nodes.js";
import { onSearch, partnerView } from "./partner.js";
import { partnersView } from "./partners.js";
import { proposalsCount, proposalsView } from "./proposals.js";
import { readersView } from "./readers.js";
import { onReport, reportView } from "./report.js";
import { clockTime, moment } from "./words.js";

const VIEWS = {
  "": { name: "Partners", draw: partnersView },
  partner: { under: "", draw: partnerView },
  proposals: { name: "Proposals", draw: proposalsView, count: proposalsCount },
  agreements: { name: "Agreements", draw: agreementsView },
  readers: { name: "Readers", draw: readersView },
  history: { name: "History", draw: historyView },
  report: { name: "Report", draw: reportView },
  nodes: { name: "Node", draw: nodesView },
};

const byId = (id) => document.getElementById(id);

function address() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const parts = rest.map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  return { name: name in VIEWS ? name : "", parts };
}

function drawShell({ name }) {
  const { who, status } = state;
  patch(byId("who"), [who ? `${who.subject} of ${who.organisation}: ${who.roles.join(", ") || "no role"}` : ""]);
  patch(byId("node"), [status ? `node ${status.gateway}` : ""]);
  patch(byId("nav"), Object.entries(VIEWS).filter(([, v]) => v.name).map(([key, v]) =>
    h("li", { "data-key": key }, h("a", { href: `#/${key}`, "aria-current": (VIEWS[name].under ?? name) === key ? "page" : null }, v.name, status && v.count?.()))));
}

let said = "";
function drawLive() {
  const stale = isStale();
  const words = state.at === null
    ? state.trouble ?? ""
    : stale ? `No answer since ${clockTime(state.at)}. What is shown is how it was then; it is not known how it is now.` : journalAlarm();
  document.body.classList.toggle("stale", stale && state.at !== null);
  patch(byId("live"), [state.at === null ? "asking …" : stale ? `no answer since ${clockTime(state.at)}` : `live, ${moment(state.status.time)}`]);
  if (words === said) return;
  said = words;
  byId("alarm").hidden = !words;
  patch(byId("alarm"), [words]);
}

// What a screen reader is told: how many share, when that changes.
let heard = "";
function announce() {
  const words = state.status.partners.map((p) => `${p.id}: ${p.cameras_on > 0 ? `sharing ${p.cameras_on} cameras` : "nothing is shared"}`).join(". ");
  if (words !== heard && heard) patch(byId("said"), [words]);
  heard = words;
}

let shown = null;
function draw() {
  const at = address();
  drawShell(at);
  drawLive();
  if (!state.status || !state.who) return;
  announce();
  const key = location.hash;
  if (shown !== null && shown !== key) {
    byId("main").replaceChildren();
    scrollTo(0, 0);
  }
  patch(byId("main"), VIEWS[at.name].draw(...at.parts));
  if (shown !== null && shown !== key) byId("main").focus({ preventScroll: true });
  shown = key;
  document.title = `${byId("main").querySelector("h1")?.textContent ?? "Partners"} – ANPR gateway`;
}

let waiting = false;
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

onChange(soon);
onSearch(soon);
onReport(soon);
onHistorySearch(soon);
addEventListener("hashchange", () => { forget((path) => !path.includes("partner=")); soon(); });
setInterval(drawLive, 250);
start();

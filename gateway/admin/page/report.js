// SPDX-License-Identifier: Apache-2.0
// The transparency report of a period: made by `anprctl ui`, which reads Kafka itself, and saved from here.
import { h } from "./dom.js";
import { get } from "./live.js";
import { signs } from "./sides.js";
import { span } from "./words.js";

let redraw = () => {};
export const onReport = (f) => { redraw = f; };

const making = { since: null, error: null, made: null }; // made: {name, clean, files: [{href, name, words}]}

const today = () => new Date().toLocaleDateString("en-CA"); // as an input of days has it

const file = (text, type, name, words) => ({ href: URL.createObjectURL(new Blob([text], { type })), name, words });

async function make({ from, to, form }) {
  making.made?.files.forEach(({ href }) => URL.revokeObjectURL(href));
  Object.assign(making, { since: Date.now(), error: null, made: null });
  const tick = setInterval(() => redraw(), 1000);
  redraw();
  try {
    const { html, json, clean } = await get(`/v1/report?${new URLSearchParams({ from, to, form })}`);
    const name = `report-${from}-to-${to}-${form}`;
    making.made = { name: `${from} to ${to}, ${form === "full" ? "full form" : "public form"}`, clean,
      files: [file(html, "text/html", `${name}.html`, "Save as HTML"), file(json, "application/json", `${name}.json`, "Save as JSON")] };
  } catch (error) {
    making.error = error.message;
  }
  clearInterval(tick);
  making.since = null;
  redraw();
}

function submit(event) {
  event.preventDefault();
  if (making.since === null) make(Object.fromEntries(new FormData(event.target)));
}

const day = (name, words) => [h("label", { for: `report-${name}` }, words), h("input", { type: "date", id: `report-${name}`, name, required: true, value: today() })];

const made = ({ name, clean, files }) => h("section", { class: "card", "aria-label": "The report" }, h("h2", {}, name),
  h("p", {}, clean ? "Journal, ledger and accounts were verified, and nothing wrong was found." : h("strong", {}, "The verification found something wrong: the report says what.")),
  h("p", { class: "buttons" }, files.map(({ href, name: download, words }) => h("a", { href, download }, words))));

export function reportView() {
  const busy = making.since !== null;
  return [
    h("h1", {}, "Report"),
    h("p", {}, "What was shared in a period, with whom, by whose decision, and whether it verifies: derived from what lies in Kafka, never typed in."),
    !signs() && h("p", {}, "Here it cannot be made, as this gateway's page reads no Kafka. Open the page with ", h("code", {}, "anprctl ui"),
      ", or run ", h("code", {}, "anprctl report --from DAY --to DAY"), " with a verifier's certificate."),
    signs() && h("form", { onsubmit: submit },
      day("from", "First day"), day("to", "Last day"),
      h("label", { for: "report-form" }, "Form"),
      h("select", { id: "report-form", name: "form" },
        h("option", { value: "public" }, "Public"), h("option", { value: "full" }, "Full, for the regulator")),
      h("p", { class: "quiet" }, "The public form names no people, quotes no free text and rounds small counts."),
      h("p", { class: "buttons" }, h("button", { class: "strong", disabled: busy }, "Make the report"))),
    h("p", { role: "status" }, busy ? "Reading and verifying …" : making.error ? `No report: ${making.error}.` : making.made ? "The report is made." : ""),
    busy && h("p", { class: "quiet" }, `${span(Math.max(1000, Date.now() - making.since))} so far; it takes as long as there are records.`),
    making.made && made(making.made)];
}

// SPDX-License-Identifier: Apache-2.0
// A decision: what it will do, a reason, confirm; then what became of it, in one of the three answers there are, and its
// receipt. The same bytes are sent again for as long as the answer is not the last one: they are one command.
import { encodeUnsigned } from "./command.js";
import { h, patch } from "./dom.js";
import { state } from "./live.js";
import { moment, number } from "./words.js";

const AGAIN_MS = 2000;
const dialog = () => document.getElementById("dialog");
let run = 0; // of the dialog that is open

const SPANS = [["0", "until it is turned on again"], ["3600000", "for 1 hour"], ["43200000", "for 12 hours"], ["86400000", "for 1 day"], ["604800000", "for 7 days"]];

function show(title, ...body) {
  patch(dialog(), h("h2", { id: "dialog-title", tabindex: "-1" }, title), body);
}

function close() {
  run++;
  dialog().close();
}

// decision: {title, words: [...], confirm, spans: whether it may be for a while, name: of the receipt's file,
//            proved: what a receipt of it proves, unless that nothing of it is published any more,
//            ask: (for_ms) => {set_switch | approve | refuse: {...}}}
export function decide(decision) {
  run++;
  const submit = (event) => {
    event.preventDefault();
    const fields = new FormData(event.target);
    const reason = String(fields.get("reason")).trim();
    if (!reason) return;
    carryOut(decision, encodeUnsigned({
      nonce: crypto.getRandomValues(new Uint8Array(16)), organisation: state.who.organisation, made_at_ms: Date.now(), reason,
      ...decision.ask(Number(fields.get("for") ?? 0)) }));
  };
  dialog().replaceChildren();
  show(decision.title,
    decision.words.map((words) => h("p", {}, words)),
    h("form", { onsubmit: submit },
      h("label", { for: "reason" }, "Reason, for the journal"),
      h("textarea", { id: "reason", name: "reason", rows: 2, maxlength: 900, required: true, autofocus: true }),
      decision.spans && [h("label", { for: "for" }, "How long"),
        h("select", { id: "for", name: "for" }, SPANS.map(([ms, words]) => h("option", { value: ms }, words)))],
      h("p", { class: "buttons" },
        h("button", { type: "submit", class: "strong" }, decision.confirm),
        h("button", { type: "button", onclick: close }, "Cancel"))));
  dialog().oncancel = () => run++;
  if (!dialog().open) dialog().showModal();
  document.getElementById("reason").focus();
}

async function post(bytes) {
  try {
    const answer = await fetch("/v1/commands", { method: "POST", body: bytes, headers: { "Content-Type": "application/x-protobuf" } });
    return { status: answer.status, body: await answer.json() };
  } catch {
    return { status: 0, body: {} };
  }
}

const lasting = (status) => status === 200 || (status >= 400 && status < 500);

async function carryOut(decision, bytes) {
  const mine = run;
  show(decision.title, h("p", { role: "status" }, "Asking the gateway …"));
  for (;;) {
    const { status, body } = await post(bytes);
    if (mine !== run) return;
    tell(decision, status, body);
    if (lasting(status)) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    if (mine !== run) return;
  }
}

const closing = () => h("p", { class: "buttons" }, h("button", { type: "button", onclick: close }, "Close"));

function tell(decision, status, body) {
  const [title, ...words] = outcome(decision, status, body);
  show(title, h("div", { role: "status" }, words), closing());
  document.getElementById("dialog-title").focus();
}

// The three honest answers, a refusal, and none.
function outcome(decision, status, body) {
  if (status === 200)
    return [body.receipt ? "Done, and proved" : "Done",
      h("p", {}, body.receipt ? decision.proved ?? "No read that this covers is published any more, by any node." : "It is recorded, and in effect."),
      h("p", { class: "quiet" }, `Entry ${body.entry}: ${body.effect}`), body.receipt && receipt(decision, body)];
  if (body.outcome === "recorded")
    return ["Recorded, not yet enforced",
      h("p", {}, `It is in the journal as entry ${body.entry}, but not every publisher has been stopped yet: until then a read may still be published. The gateway goes on by itself; this page asks again.`),
      h("ul", {}, (body.waiting_for ?? []).map((w) => h("li", {}, `publisher ${w.publisher} on ${w.node}: ${w.state} ${w.detail}`)))];
  if (body.outcome === "stopped_here")
    return ["Stopped here, not recorded",
      h("p", {}, "The broker could not be told. Nothing of this leaves this node any more; another node may still publish. It is recorded when the broker is back; this page asks again."),
      h("p", { class: "quiet" }, body.effect)];
  if (status >= 400 && status < 500)
    return ["Refused", h("p", {}, `${body.error ?? `the gateway answered ${status}`}`), h("p", {}, "Nothing has changed.")];
  return ["No answer yet", h("p", {}, "It is not known whether this was done. The same command is sent again until there is an answer; it cannot be done twice."),
    h("p", { class: "quiet" }, body.error ?? "The gateway cannot be reached from here.")];
}

function receipt(decision, { receipt: r, entry }) {
  const feeds = r.publishers.flatMap((p) => p.feeds);
  return [
    h("table", { class: "facts" }, h("caption", {}, "Receipt"), h("tbody", {},
      h("tr", {}, h("th", { scope: "row" }, "decision"), h("td", {}, `entry ${entry}`)),
      h("tr", {}, h("th", { scope: "row" }, "enforced"), h("td", {}, `entry ${r.entry}, ${moment(r.time)}, ${number(r.took_ms)} ms after it was asked for`)),
      h("tr", {}, h("th", { scope: "row" }, "hash"), h("td", { class: "hash" }, r.hash)),
      feeds.map((f) => h("tr", {}, h("th", { scope: "row" }, f.partner), h("td", {}, `last read published: number ${number(f.last_sequence)} in ${f.topic}`))))),
    h("p", { class: "buttons" }, h("button", { type: "button", class: "strong", onclick: () => save(r.stored, `${decision.name}-${r.entry}.receipt`) }, "Save the receipt")),
    h("p", { class: "quiet" }, "Anybody can check the file without this gateway: ", h("code", {}, `anprctl receipt ${decision.name}-${r.entry}.receipt`))];
}

// The signed entry as the journal keeps it, which is what `anprctl receipt` reads.
function save(base64, name) {
  const url = URL.createObjectURL(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

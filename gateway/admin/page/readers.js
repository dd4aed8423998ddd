// SPDX-License-Identifier: Apache-2.0
// Who can read each police topic now: the brokers' access control lists as the node found them, never typed in.
import { cell, h, wide } from "./dom.js";
import { view } from "./live.js";
import { badge } from "./partners.js";
import { list, moment } from "./words.js";

const AGAIN_MS = 5000;
const HEADS = ["Who", "", "From", "Consumer groups", "Named by"];
const ALL = "User:*";

const person = (principal) => (principal === ALL ? "everybody" : principal.replace(/^User:/, ""));
const over = (r) => (r.pattern === "prefixed" ? `topics that begin with ${r.name}` : r.name === "*" ? "every topic" : "");

const row = (r) => [
  [h("span", { class: "hash" }, person(r.principal)), over(r) && h("div", { class: "quiet" }, over(r))],
  r.permission === "allow" ? "may read" : "is denied", r.host === "*" ? "anywhere" : r.host, r.groups.join(", ") || "none",
  r.permission === "deny" ? "" : r.agreements.length > 0 ? list(r.agreements) : h("strong", {}, "no agreement in force")];

function topicView(t, known) {
  const denied = t.readers.some((r) => r.permission === "deny");
  return h("section", { "data-key": t.topic, "aria-label": t.topic },
    h("h2", {}, t.topic), h("p", { class: "quiet" }, t.agreements.length > 0 ? `In force: ${list(t.agreements)}.` : "No agreement in force uses it."),
    t.readers.length === 0
      ? h("p", {}, known ? "Nobody but super users may read it." : "Not known.")
      : wide(`Who may read ${t.topic}`, h("table", { class: "stacked" },
        h("thead", {}, h("tr", {}, HEADS.map((name) => h("th", { scope: "col" }, name || h("span", { class: "unseen" }, "Right"))))),
        h("tbody", {}, t.readers.map((r) => h("tr", { "data-key": Object.values(r).join(" ") },
          row(r).map((words, i) => cell(words, i, HEADS[i]))))))),
    denied && h("p", { class: "quiet" }, "A denial wins over what is allowed."));
}

export function readersView() {
  const { data, error } = view("/v1/readers", AGAIN_MS);
  if (!data) return [h("h1", {}, "Readers"), h("p", {}, error ?? "Asking …")];
  const known = data.known && !error;
  return [
    h("h1", {}, "Readers"),
    h("p", {}, badge(known ? "on" : "partly", known ? "Known" : "Not known now"),
      data.looked_at ? ` Told by the brokers at ${moment(data.looked_at)}; asked again every half minute.` : " The brokers have not told yet."),
    !known && h("p", { class: "wrong" }, `It is not known who can read now: ${error ?? data.why}.${data.looked_at ? " What follows is how it was then." : ""}`),
    h("p", {}, data.super_users.length > 0 ? ["Super users may read everything; Kafka does not disclose them, so these are as declared: ",
      h("span", { class: "hash" }, list(data.super_users.map(person))), "."] : "No super users are declared; Kafka does not disclose them."),
    data.topics.length === 0 ? h("p", {}, "Nothing was ever agreed, so there is no topic to read.") : data.topics.map((t) => topicView(t, known)),
    data.topics.length > 0 && h("p", { class: "quiet" }, "A consumer group is not needed for reading.")];
}

// SPDX-License-Identifier: Apache-2.0
// The API's words, times and numbers as people say them.

export const REASONS = {
  unspecified: "not said why",
  no_agreement: "no agreement covers it",
  not_started: "before the agreement began or both sides were on",
  expired: "the agreement has ended",
  partner_off: "the partner is turned off",
  rule_off: "the agreement or rule is turned off",
  camera_off: "the camera is turned off",
  class_off: "this class of data is turned off",
  not_in_schedule: "not among the agreed cameras",
  unknown_camera: "the camera is in no register",
  camera_not_live: "the camera is not live",
  outside_hours: "outside the agreed hours",
  captured_while_off: "captured while it was off",
  too_old: "too old when it came",
  in_future: "stamped in the future",
  low_confidence: "too little confidence",
  wrong_kind: "a kind of read that is not agreed",
  duplicate: "came before",
};
export const reason = (word) => REASONS[word] ?? word.replaceAll("_", " ");

export const plain = (word) => word.replaceAll("_", " ");
const numbers = new Intl.NumberFormat("en-GB");
const rates = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
export const number = (n) => numbers.format(n);
export const rate = (n) => rates.format(n);
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
export const clockTime = (at) => clock.format(new Date(at));
export const dayOf = (at) => day.format(new Date(at));
// The clock alone for today, else with the day.
export function moment(at) {
  const when = new Date(at);
  return when.toDateString() === new Date().toDateString() ? clock.format(when) : `${day.format(when)}, ${clock.format(when)}`;
}

const SPANS = [[86400000, "day"], [3600000, "hour"], [60000, "minute"], [1000, "second"]];
export function span(ms) {
  const [unit, name] = SPANS.find(([size]) => ms >= size) ?? SPANS.at(-1);
  return count(Math.round(ms / unit), name);
}

export const list = (items) => (items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`);

export const who = (person) => (person ? `${person.subject} of ${person.organisation}` : "the gateway itself");

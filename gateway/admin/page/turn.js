// SPDX-License-Identifier: Apache-2.0
// Buttons that turn a partner's switches, offered to those who may, and what they say they will do.
import { decide } from "./decide.js";
import { h } from "./dom.js";
import { state } from "./live.js";
import { SIGN, scope, selectorsOf, signs, stillOffWords } from "./sides.js";

const fileName = (...parts) => parts.filter(Boolean).join("-").replace(/[^A-Za-z0-9.-]+/g, "_");
const own = () => state.who.organisation;

// what: {partner ("" = every), agreement, rule, cameras: {patterns}}; words: of what.
export function turnOff(what, words) {
  decide({
    title: `Turn off ${words}`,
    words: [`For ${own()}, at once: no further read of it reaches the recipient, whatever the other side says. Reads captured while it is off are never shared, even if they come later.`],
    confirm: "Turn off now",
    spans: true,
    name: fileName(what.partner || "everything", what.agreement, what.rule, what.cameras?.patterns.join("_"), "off"),
    ask: (for_ms) => ({ set_switch: { position: "off", ...what, for_ms } }),
  });
}

export const offButton = (what, words, label = "Turn off …") =>
  h("button", { type: "button", class: "strong", "aria-label": `Turn off ${words}`, onclick: () => turnOff(what, words) }, label);

function turnOn(partner, what, words) {
  decide({
    title: `Turn on ${words}`,
    words: [`Turns ${own()}'s own switch on again, inside what is agreed; nothing is shared that no agreement covers.`, stillOffWords(partner, own()),
      "What was captured while it was off stays unshared."],
    confirm: "Turn on",
    spans: false,
    name: fileName(partner.id, "on"),
    ask: (for_ms) => ({ set_switch: { position: "on", partner: partner.id, ...what, for_ms } }),
  });
}

// For a switch that is off; says what is needed where the person cannot do it here.
export function onButton(partner, s) {
  const what = selectorsOf(s);
  return what ? onButtonFor(partner, what, `${partner.id}: ${scope(s)}`) : h("span", { class: "quiet" }, "Turn on with anprctl on.");
}

export function onButtonFor(partner, what, words) {
  if (!signs()) return h("span", { class: "quiet" }, `To turn it on: ${SIGN.charAt(0).toLowerCase()}${SIGN.slice(1)}`);
  return h("button", { type: "button", "aria-label": `Turn on ${words}`, onclick: () => turnOn(partner, what, words) }, "Turn on …");
}

// SPDX-License-Identifier: Apache-2.0
// What the switches of a partner come to, for each of the bodies that share it, and who may turn which.
import { h } from "./dom.js";
import { history, state, view } from "./live.js";
import { count, list, moment, plain, who } from "./words.js";

const MAY_TURN = ["policy-admin", "controller"];

export const ownerOf = (id) => view("/v1/trust").data?.partners.find((p) => p.id === id)?.organisation ?? null;
export const agreementsOf = (id) => (view("/v1/agreements").data ?? []).filter((a) => a.partner === id && a.state === "in_force");
// The agreements in force that this body has a side of.
const agreementsAt = (id, side) => agreementsOf(id).filter((a) => a.recipient === side || ownerOf(id) === side);

export const hasRole = (...roles) => (state.who?.roles ?? []).some((role) => roles.includes(role));
export const sidesOf = (id) => [...new Set([ownerOf(id), ...agreementsOf(id).map((a) => a.recipient)])].filter(Boolean);
// Whether this person turns this partner's switches for one of the sides.
export const mayTurn = (id) => hasRole(...MAY_TURN) && sidesOf(id).includes(state.who.organisation);
export const mayTurnAny = () => hasRole(...MAY_TURN);
export const signs = () => state.who?.signs === true;
export const SIGN = "This needs your signature: open the page with anprctl ui.";

const whole = (s) => !s.agreement && !s.rule && !s.class && s.cameras === null;
const ofAgreement = (s, id) => s.agreement === id && !s.rule && !s.class && s.cameras === null;

// {organisation, position: on | off | partly | none, over: the switches that say so, further: other offs}
export function side(partner, organisation) {
  const own = partner.switches.filter((s) => s.side === organisation);
  const offs = own.filter((s) => s.position === "off");
  const off = offs.filter(whole);
  const agreed = agreementsAt(partner.id, organisation).map((a) => a.id);
  const set = agreed.map((id) => own.find((s) => ofAgreement(s, id)));
  const on = set.filter((s) => s?.position === "on");
  const further = offs.filter((s) => !off.includes(s) && !set.includes(s));
  const position = off.length > 0 ? "off" : agreed.length === 0 ? "none" : on.length === 0 ? "off" : on.length < agreed.length ? "partly" : "on";
  const untouched = agreed.filter((id, i) => !set[i]);
  return { organisation, position, over: off.length > 0 ? off : set.filter(Boolean), further, untouched };
}

export const stopFiles = (partner) => partner.switches.filter((s) => s.side === null && s.position === "off");

// What a switch is over, in words.
export function scope(s) {
  const parts = [s.agreement && `agreement ${s.agreement}`, s.rule && `rule ${s.rule}`, s.class && `class ${plain(s.class)}`];
  if (s.cameras !== null) parts.push(`${count(s.cameras, "camera")} (${s.selectors.replace(/^.*?\b(cameras|area)=/, "")})`);
  return parts.filter(Boolean).join(", ") || "everything";
}

// The selectors of a switch as a command names them; null where this page cannot say them in the same words.
export function selectorsOf(s) {
  const ask = { agreement: s.agreement ?? "", rule: s.rule ?? "", data_class: s.class ?? "" };
  const said = [s.agreement && `agreement=${s.agreement}`, s.rule && `rule=${s.rule}`, s.class && `class=${s.class}`].filter(Boolean).join(" ");
  const rest = s.selectors.slice(said.length).trim();
  if (!s.selectors.startsWith(said)) return null;
  if (!rest) return s.cameras === null ? ask : null;
  const [, patterns, area] = /^(?:cameras=(\S+))?(?: ?area=(.+))?$/.exec(rest) ?? [];
  if (!patterns && !area) return null;
  return { ...ask, cameras: { patterns: patterns?.split(",") ?? [], area: area ?? "" } };
}

// When, by whom and why; the reason is the journal's.
export function since(s) {
  const why = history().entries?.get(s.entry)?.reason;
  return [
    `since ${moment(s.since)}, by ${who(s.who)}`, s.until ? `, until ${moment(s.until)}` : "",
    why ? [": ", h("q", {}, why)] : "", " ", h("a", { href: `#/history/${s.entry}`, class: "entry" }, `entry ${s.entry}`)];
}

export const sideName = (partnerId, organisation) =>
  `${organisation} (${organisation === ownerOf(partnerId) ? "the partner" : "the recipient"})`;

// Who else keeps it off, once `organisation` has turned its own on.
export function stillOff(partner, organisation) {
  const words = sidesOf(partner.id).filter((o) => o !== organisation && side(partner, o).position !== "on");
  return [...words.map((o) => `${o}'s side`), ...(stopFiles(partner).length > 0 ? ["a stop file on a node"] : [])];
}
export const stillOffWords = (partner, organisation) => {
  const words = stillOff(partner, organisation);
  return words.length === 0 ? "Nothing else keeps it off: sharing begins at once." : `Still off afterwards: ${list(words)}.`;
};

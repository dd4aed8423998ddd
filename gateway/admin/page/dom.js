// SPDX-License-Identifier: Apache-2.0
// Elements from calls, and old elements made like new ones, so that focus, selection and scroll stay where they are.
// Whatever is shown comes in as text: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "polyline", "line", "rect", "circle", "g", "text", "title", "desc"]);
const HANDLERS = ["onclick", "onsubmit", "oninput", "onchange"];

// h("p", {class: "x", onclick: f}, "text", child, [more]); false and null are left out.
export function h(tag, props, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...nodes(children));
  return node;
}

// A cell of a table of class "stacked", whose rows a phone shows as paragraphs; the first of a row is its head.
export const cell = (words, i, head) => (i === 0 ? h("th", { scope: "row" }, words) : h("td", { "data-head": head || null }, words));

// What may be wider than the screen, and then scrolls, by keyboard too.
export const wide = (label, content) => h("div", { class: "wide", role: "region", tabindex: 0, "aria-label": label }, content);

const nodes = (children) => children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false)
  .map((c) => (c instanceof Node ? c : document.createTextNode(c)));

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null);
const alike = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

function patchOne(old, made) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== made.nodeValue) old.nodeValue = made.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  for (const name of HANDLERS) if (old[name] !== made[name]) old[name] = made[name];
  if (!old.hasAttribute("data-own")) patch(old, ...made.childNodes);
}

// Make the children of `parent` like these. Elements with data-own look after their children themselves.
export function patch(parent, ...made) {
  let at = parent.firstChild;
  for (const want of nodes(made)) {
    let found = at;
    while (found && !alike(found, want)) found = keyOf(want) === null && found === at ? null : found.nextSibling;
    if (!found) {
      parent.insertBefore(want, at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else parent.insertBefore(found, at);
    patchOne(found, want);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

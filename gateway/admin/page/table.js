// SPDX-License-Identifier: Apache-2.0
// A table of many rows of which only those in sight exist. Rows are of one height (page.css knows it too); a screen reader
// is told how many there are and which these are.
import { h, patch } from "./dom.js";

const ROW = 44; // px
const MORE = 6; // rows above and below those in sight

// columns: [{name, cell: (row) => child, class}]; key: (row) => text. The element has `show(rows)`.
export function bigTable(caption, columns, key) {
  let rows = [];
  const above = h("tbody", { "aria-hidden": "true" });
  const body = h("tbody", {});
  const below = h("tbody", { "aria-hidden": "true" });
  const table = h("table", {},
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", { "aria-rowindex": 1 }, columns.map((c) => h("th", { scope: "col", class: c.class }, c.name)))),
    above, body, below);
  const box = h("div", { class: "big", tabindex: 0, role: "region", "aria-label": caption }, table);

  const spacer = (height) => (height > 0 ? [h("tr", {}, h("td", { colspan: columns.length, height }))] : []);
  function draw() {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - MORE);
    const last = Math.min(rows.length, Math.ceil((box.scrollTop + (box.clientHeight || 600)) / ROW) + MORE);
    table.setAttribute("aria-rowcount", rows.length + 1);
    patch(above, spacer(first * ROW));
    patch(body, rows.slice(first, last).map((row, i) => h("tr", { "data-key": key(row), "aria-rowindex": first + i + 2 },
      columns.map((c, n) => h(n === 0 ? "th" : "td", { class: c.class, scope: n === 0 ? "row" : null }, h("div", {}, c.cell(row)))))));
    patch(below, spacer((rows.length - last) * ROW));
  }
  let waiting = false;
  box.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }, { passive: true });
  box.show = (newer) => { rows = newer; draw(); };
  return box;
}

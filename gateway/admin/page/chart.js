// SPDX-License-Identifier: Apache-2.0
// Small charts. Each says in words what it shows; lines differ by dashes as well as by colour.
import { h } from "./dom.js";
import { KEPT } from "./live.js";
import { count, number, rate, reason } from "./words.js";

const WIDTH = 240;
const HEIGHT = 56;

function line(points, key, most) {
  const from = KEPT - points.length;
  const at = (p, i) => `${(((from + i) / (KEPT - 1)) * WIDTH).toFixed(1)},${(HEIGHT - 2 - (p[key] / most) * (HEIGHT - 6)).toFixed(1)}`;
  return h("polyline", { class: `line ${key}`, points: points.map(at).join(" ") });
}

// Reads a second over the last two minutes.
export function ratesChart(points) {
  if (points.length < 2) return h("p", { class: "quiet" }, "Rates: counting since a moment ago …");
  const most = Math.max(1, ...points.map((p) => Math.max(p.permitted, p.denied)));
  const now = points.at(-1);
  const words = `Reads a second over the last ${count(points.length, "second")}: ${rate(now.permitted)} shared and ${rate(now.denied)} held back now; at most ${rate(most)}`;
  return h("figure", { class: "rates" },
    h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
      h("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT - 1, y2: HEIGHT - 1 }),
      line(points, "permitted", most), line(points, "denied", most)),
    h("figcaption", {},
      h("span", { class: "key permitted" }, `shared ${rate(now.permitted)}/s`), " ",
      h("span", { class: "key denied" }, `held back ${rate(now.denied)}/s`), " ",
      h("span", { class: "quiet" }, `top ${rate(most)}/s, 2 minutes`)));
}

// Counts by reason, most first.
export function reasonsChart(counts, caption) {
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  if (rows.length === 0) return h("p", { class: "quiet" }, `${caption}: none.`);
  const most = rows[0][1];
  return h("table", { class: "reasons" }, h("caption", {}, caption),
    h("tbody", {}, rows.map(([name, n]) => h("tr", { "data-key": name },
      h("th", { scope: "row" }, reason(name)),
      h("td", { class: "bar" }, h("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
        h("rect", { width: Math.max(1, (100 * n) / most).toFixed(1), height: 8 }))),
      h("td", { class: "figure" }, number(n))))));
}

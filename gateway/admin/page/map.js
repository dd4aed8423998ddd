// SPDX-License-Identifier: Apache-2.0
// Where a partner's cameras are, drawn from the register alone: no tiles, nothing from elsewhere. What is shared is a
// filled dot, what is not an open one, what is not live a small cross.
import { h } from "./dom.js";
import { count } from "./words.js";

const WIDTH = 600;
const HEIGHT = 420;
const EDGE = 14;

// Degrees to the drawing: as long is as wide as it is on the ground at that latitude.
function projection(places) {
  const lats = places.map((p) => p.latitude);
  const lons = places.map((p) => p.longitude);
  const least = (list) => list.reduce((a, b) => Math.min(a, b));
  const most = (list) => list.reduce((a, b) => Math.max(a, b));
  const [south, north, west, east] = [least(lats), most(lats), least(lons), most(lons)];
  const wide = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min((WIDTH - 2 * EDGE) / Math.max(1e-4, (east - west) * wide), (HEIGHT - 2 * EDGE) / Math.max(1e-4, north - south));
  const left = (WIDTH - (east - west) * wide * scale) / 2;
  const top = (HEIGHT - (north - south) * scale) / 2;
  return { at: (p) => [left + (p.longitude - west) * wide * scale, top + (north - p.latitude) * scale], perKm: scale / 111.32 };
}

const dot = ([x, y], r) => `M${(x - r).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
const cross = ([x, y], r) => `M${(x - r).toFixed(1)} ${(y - r).toFixed(1)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;

// A length of round figures that is about a fifth of the drawing.
function ruler(perKm) {
  const km = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].find((n) => n * perKm > WIDTH / 8) ?? 1000;
  const y = HEIGHT - 8;
  return [h("path", { class: "ruler", d: `M8 ${y - 5}v5h${(km * perKm).toFixed(1)}v-5` }),
    h("text", { x: 12, y: y - 7 }, km < 1 ? `${km * 1000} m` : `${km} km`)];
}

// cameras: rows of /v1/cameras; places: of /v1/positions; chosen: a camera's id or null.
export function cameraMap(cameras, places, chosen) {
  const whereIs = new Map(places.map((p) => [p.camera_id, p]));
  const seen = cameras.filter((c) => whereIs.has(c.camera_id));
  if (places.length === 0) return h("p", { class: "quiet" }, "No positions in the register.");
  const { at, perKm } = projection(places);
  const r = seen.length > 1500 ? 2.5 : 4;
  const place = (c) => at(whereIs.get(c.camera_id));
  const on = seen.filter((c) => c.on);
  const off = seen.filter((c) => !c.on && c.state === "live");
  const other = seen.filter((c) => !c.on && c.state !== "live");
  const words = `Map of ${count(seen.length, "camera")}: ${on.length} shared, ${off.length} live and not shared, ${other.length} not live. The table has the same cameras.`;
  const it = seen.find((c) => c.camera_id === chosen);
  return h("figure", { class: "map" },
    h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words },
      h("path", { class: "camera other", d: other.map((c) => cross(place(c), r * 0.8)).join("") }),
      h("path", { class: "camera off", d: off.map((c) => dot(place(c), r)).join("") }),
      h("path", { class: "camera on", d: on.map((c) => dot(place(c), r)).join("") }),
      it && [h("path", { class: "chosen", d: dot(place(it), 9) }), h("text", { x: place(it)[0].toFixed(1), y: (place(it)[1] - 14).toFixed(1), "text-anchor": "middle" }, it.camera_id)],
      ruler(perKm)),
    h("figcaption", { class: "quiet" },
      h("span", { class: "dot on" }, `shared ${on.length}`), " ", h("span", { class: "dot off" }, `not shared ${off.length}`), " ",
      h("span", { class: "dot other" }, `not live ${other.length}`)));
}

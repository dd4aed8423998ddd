// SPDX-License-Identifier: Apache-2.0
// What the page knows: the status as it comes, and what was asked once and is asked anew when the journal has moved.
// Nothing is made up here: what is not known is null, and `state.at` says how old the rest is.

export const KEPT = 120; // samples of each partner, one a second
const STALE_MS = 2000; // the status comes each second

export const state = {
  who: null, // /v1/whoami
  status: null, // the newest /v1/status
  at: null, // when it came, by this machine's clock
  lost: false, // the connection it came by has ended
  samples: new Map(), // partner -> [{at, received, permitted, denied, rejected}]
  asked: new Map(), // path -> {data, error, sequence}
  trouble: null, // why nothing comes
};

let changed = () => {};
export const onChange = (f) => { changed = f; };
export const isStale = () => state.at === null || state.lost || Date.now() - state.at > STALE_MS;

export async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `the gateway answered ${answer.status}`);
  return body;
}

// The newest answer to `path`, or null while there is none; asked for again when the journal has moved since, or after
// `every` milliseconds.
export function view(path, every = Infinity) {
  const sequence = state.status?.journal.sequence ?? 0;
  let it = state.asked.get(path);
  if (!it) state.asked.set(path, (it = { data: null, error: null, sequence: -1, asking: false, at: 0 }));
  if (!it.asking && (it.sequence !== sequence || Date.now() - it.at > every)) refresh(path, it, sequence);
  return it;
}

async function refresh(path, it, sequence) {
  it.asking = true;
  try {
    it.data = await get(path);
    it.error = null;
  } catch (error) {
    it.error = error.message;
  }
  Object.assign(it, { asking: false, sequence, at: Date.now() });
  changed();
}

// Views nobody looks at any more are let go.
export function forget(keep) {
  for (const path of state.asked.keys()) if (!keep(path)) state.asked.delete(path);
}

function sample(status) {
  const at = Date.parse(status.time);
  for (const { id, totals } of status.partners) {
    if (!totals) { // another node's
      state.samples.delete(id);
      continue;
    }
    const list = state.samples.get(id) ?? [];
    if (list.length > 0 && list.at(-1).received > totals.received) list.length = 0; // another publisher's count
    if (list.length > 0 && at - list.at(-1).at < 500) list.pop();
    list.push({ at, ...totals });
    state.samples.set(id, list.slice(-KEPT - 1));
  }
}

// Reads a second between two samples.
export function rates(id) {
  const list = state.samples.get(id) ?? [];
  return list.slice(1).map((now, i) => {
    const seconds = Math.max(0.001, (now.at - list[i].at) / 1000);
    const per = (key) => Math.max(0, now[key] - list[i][key]) / seconds;
    return { at: now.at, received: per("received"), permitted: per("permitted"), denied: per("denied"), rejected: per("rejected") };
  });
}

// What came lately, by the samples there are: {seconds, permitted, denied, reasons}.
export function lately(id) {
  const list = state.samples.get(id) ?? [];
  if (list.length < 2) return null;
  const [first, last] = [list[0], list.at(-1)];
  const reasons = {};
  for (const [name, n] of Object.entries(last.denied_by_reason)) {
    const more = n - (first.denied_by_reason[name] ?? 0);
    if (more > 0) reasons[name] = more;
  }
  return { seconds: Math.round((last.at - first.at) / 1000), reasons };
}

let source = null;
let again = null;

async function whoAmI() {
  try {
    state.who = await get("/v1/whoami");
    state.trouble = null;
    return true;
  } catch (error) {
    state.trouble = error.message;
    return false;
  }
}

function follow() {
  const mine = new EventSource("/v1/events");
  mine.addEventListener("status", (event) => {
    state.status = JSON.parse(event.data);
    state.at = Date.now();
    state.lost = false;
    sample(state.status);
    changed();
  });
  mine.addEventListener("error", () => {
    mine.close();
    state.lost = true;
    changed();
    clearTimeout(again);
    again = setTimeout(listen, 1000);
  });
  return mine;
}

// Who looks and what is to be seen are asked at once: neither waits for the other.
async function listen() {
  clearTimeout(again);
  source?.close();
  const mine = (source = follow());
  const known = await whoAmI();
  changed();
  if (known || mine !== source) return;
  mine.close();
  clearTimeout(again);
  again = setTimeout(listen, 2000);
}

// A page that nobody sees holds no connection.
export function start() {
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) listen();
    else source?.close();
  });
  listen();
}

// The journal's entries by number; only what may have changed is asked for again. null before the first answer.
const journal = { entries: null, sequence: -1, asking: false, error: null };

export function history() {
  const sequence = state.status?.journal.sequence ?? 0;
  if (!journal.asking && journal.sequence !== sequence) refreshHistory(sequence);
  return journal;
}

async function refreshHistory(sequence) {
  const known = [...(journal.entries?.values() ?? [])];
  const open = known.find((e) => e.fences && !e.enforced_by) ?? known.at(-1);
  journal.asking = true;
  try {
    const entries = await get(`/v1/history${open ? `?since=${encodeURIComponent(open.time)}` : ""}`);
    journal.entries ??= new Map();
    for (const entry of entries) journal.entries.set(entry.number, entry);
    journal.error = null;
  } catch (error) {
    journal.error = error.message;
  }
  Object.assign(journal, { asking: false, sequence });
  changed();
}

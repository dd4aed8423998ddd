// SPDX-License-Identifier: Apache-2.0
// A person's command as the bytes of anpr.v1.Command and SignedCommand (proto/anpr/v1/command.proto). Not here: signing
// it. The gateway takes an unsigned off, and `anprctl ui` adds head and signature on the way to it.

function varint(value) {
  const out = [];
  let left = BigInt(value);
  for (; left > 127n; left >>= 7n) out.push(Number(left & 127n) | 128);
  return [...out, Number(left)];
}

const tag = (number, wire) => varint((BigInt(number) << 3n) | BigInt(wire));
const uint = (number, value) => (value ? [...tag(number, 0), ...varint(value)] : []);
const bytes = (number, value) => [...tag(number, 2), ...varint(value.length), ...value];
const text = (number, value) => (value ? bytes(number, new TextEncoder().encode(value)) : []);

const CLASSES = { read: 1, plate_patch: 2, overview: 3 };
const POSITIONS = { off: 1, on: 2 };

const selector = (c) => [...(c.patterns ?? []).flatMap((p) => text(1, p)), ...text(2, c.area)];
const ASKS = {
  set_switch: (a) => bytes(10, [
    ...uint(1, POSITIONS[a.position]), ...text(2, a.partner), ...text(3, a.agreement), ...text(4, a.rule),
    ...(a.cameras ? bytes(5, selector(a.cameras)) : []), ...uint(6, CLASSES[a.data_class]), ...uint(7, a.for_ms)]),
  approve: (a) => bytes(12, uint(1, a.proposal)),
  refuse: (a) => bytes(13, uint(1, a.proposal)),
};

// {nonce: 16 bytes, organisation, made_at_ms, reason, set_switch | approve | refuse: {...}} as a Command.
export function encodeCommand(command) {
  const [ask] = Object.keys(ASKS).filter((name) => command[name]);
  return Uint8Array.from([
    ...bytes(1, command.nonce), ...text(2, command.organisation), ...uint(3, command.made_at_ms), ...text(4, command.reason),
    ...ASKS[ask](command[ask])]);
}

// ... and that as a SignedCommand without a signature.
export const encodeUnsigned = (command) => Uint8Array.from(bytes(1, encodeCommand(command)));

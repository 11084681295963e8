/**
 * Trees of hashes: inclusion and consistency as RFC 9162 §2.1.3.2 and §2.1.4.2 lay them down, and checkpoints.
 *
 * Sizes and indexes are BigInts, for they may exceed what a JavaScript number holds exactly.
 */

import { HASH_BYTES, SIZE_MAX, cut, fromBase64, fromDecimal, sameBytes, sha256 } from "./encoding.js";
import { demand, message } from "./findings.js";

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);
const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const INDEX = "index ";
const PATH_MAX = 63;
// What Unicode calls a space, what controls, and plus: none of them stands in the name of a key or a log.
const KEY_NAME =
  /^[^+\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]+$/u;

export function isKeyName(name) {
  return KEY_NAME.test(name);
}

/** The hash of a leaf, whose entry is the parts one after the other. */
export function leafHash(...parts) {
  return sha256(LEAF, ...parts);
}

function nodeHash(left, right) {
  return sha256(NODE, left, right);
}

/** Returns when `path` proves that `leaf` stands at `index` of the tree of `size` leaves with `root`. */
export async function verifyInclusion({ leaf, index, size, path, root }) {
  demand(index < size && size <= SIZE_MAX, message("the index is not below the size of the tree"));
  let [position, last, computed] = [index, size - 1n, leaf];
  for (const element of path) {
    demand(last !== 0n, message("the inclusion path is too long"));
    if (position & 1n || position === last) {
      computed = await nodeHash(element, computed);
      [position, last] = skipToRightTurn(position, last);
    } else {
      computed = await nodeHash(computed, element);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  demand(last === 0n, message("the inclusion path is too short"));
  demand(sameBytes(computed, root), message("the inclusion path does not lead to the root hash"));
}

/** Returns when `path` proves that the tree of `newer` begins with all of the tree of `older` (two checkpoints). */
export async function verifyConsistency(older, newer, path) {
  demand(older.size <= newer.size, message("the older tree is larger than the newer one"));
  if (older.size === 0n || older.size === newer.size) {
    await verifyTrivial(older, newer, path);
    return;
  }
  let [position, last] = [older.size - 1n, newer.size - 1n];
  while (position & 1n) [position, last] = [position >> 1n, last >> 1n];
  const whole = position === 0n; // the older tree is one perfect subtree: its root is where the path starts
  const start = whole ? older.root : (path[0] ?? new Uint8Array());
  let [old, grown] = [start, start];
  for (const element of whole ? path : path.slice(1)) {
    demand(last !== 0n, message("the consistency path is too long"));
    if (position & 1n || position === last) {
      [old, grown] = [await nodeHash(element, old), await nodeHash(element, grown)];
      [position, last] = skipToRightTurn(position, last);
    } else {
      grown = await nodeHash(grown, element);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  demand(last === 0n, message("the consistency path is too short"));
  demand(sameBytes(old, older.root), message("the consistency path does not lead to the older root hash"));
  demand(sameBytes(grown, newer.root), message("the consistency path does not lead to the newer root hash"));
}

/** Equal sizes and the empty tree need, and allow, no path. */
async function verifyTrivial(older, newer, path) {
  demand(path.length === 0, message("the consistency path is too long"));
  const expected = older.size === 0n ? await sha256() : newer.root;
  demand(sameBytes(older.root, expected), message("the root hashes of two trees of one size differ"));
}

/** Climbs from a right border until the node is a right child, or the top is reached (§2.1.3.2 step 4.2.2). */
function skipToRightTurn(position, last) {
  while (position !== 0n && !(position & 1n)) [position, last] = [position >> 1n, last >> 1n];
  return [position, last];
}

/** A checkpoint (c2sp.org/tlog-checkpoint) of exactly three lines: origin, tree size, root hash. */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  demand(lines.length === 4 && lines[3] === "", message("a checkpoint has exactly three lines"));
  const [origin, size, root] = [lines[0], fromDecimal(lines[1]), fromBase64(lines[2])];
  demand(
    size !== null && root !== null,
    message("the tree size is not a plain decimal or the root hash not canonical base64"),
  );
  demand(isKeyName(origin), message("the origin is empty or holds a space or a plus"));
  demand(root.length === HASH_BYTES, message("the root hash is not 32 bytes long"));
  return { origin, size, root };
}

export function sameCheckpoint(one, other) {
  return one.origin === other.origin && one.size === other.size && sameBytes(one.root, other.root);
}

/** An inclusion proof (c2sp.org/tlog-proof@v1) without extra data: index, path (the leaf's sibling first), note. */
export function parseProof(text) {
  const [head, note] = cut(text, "\n\n");
  const [header, numbered, ...hashes] = head.split("\n");
  demand(
    note !== null && header === PROOF_HEADER && numbered?.startsWith(INDEX),
    message("a proof begins with its header and an index line, and has a blank line"),
  );
  demand(hashes.length <= PATH_MAX, message("the inclusion path is too long"));
  const index = fromDecimal(numbered.slice(INDEX.length));
  const path = hashes.map(fromBase64);
  demand(
    index !== null && !path.includes(null),
    message("the index or the inclusion path is not well-formed"),
  );
  demand(
    path.every((item) => item.length === HASH_BYTES),
    message("an element of the inclusion path is not 32 bytes long"),
  );
  return { index, path, note };
}

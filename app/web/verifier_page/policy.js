/**
 * Trust policies (c2sp.org/tlog-policy) and what they judge: cosignatures of witnesses (c2sp.org/tlog-cosignature).
 *
 * Names in a policy need not be UTF-8, so they are kept as texts of one character a byte.
 */

import { provingNotes } from "./bundle_form.js";
import { compareTexts, fromUtf8, sameBytes, utf8 } from "./encoding.js";
import { Malformed, demand, hold, message } from "./findings.js";
import { parseCosignerKey, parseNote, parseVkey, verifiesEd25519 } from "./note.js";

const NO_QUORUM = "none";
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const THRESHOLD = /^[1-9][0-9]{0,8}$/;
const COSIGNATURE_BYTES = 72; // eight of time, 64 of Ed25519
const LAST_SECOND = 253402300799n; // of the year 9999

/** The policy that a file's bytes state: `logs` (their keys), `witnesses`, `groups`, and `quorum`. */
export async function parsePolicy(bytes) {
  const draft = { logs: [], witnesses: [], groups: [], quorum: null, names: new Set(), members: new Set() };
  const lines = asByteText(bytes).split("\n");
  for (const [at, line] of lines.entries()) {
    try {
      demand(!FORBIDDEN.test(line), message("it holds a control character"));
      await readPolicyLine(draft, line.replace(/^[ \t]+|[ \t]+$/g, "").split(/[ \t]+/));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new Malformed(message("line {number}: {why}", { number: at + 1, why: error.clause }));
    }
  }
  demand(draft.quorum !== null, message("the policy has no quorum line"));
  return draft;
}

/** Text of one character a byte. */
function asByteText(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 4096) parts.push(String.fromCharCode(...bytes.subarray(at, at + 4096)));
  return parts.join("");
}

/** What such a text shows to a reader; octets that are not UTF-8 have no letter. */
function fromByteText(text) {
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return fromUtf8(bytes) ?? text.replace(/[\u0080-\u00ff]/g, "\ufffd");
}

const LINE_READERS = { log: readLog, witness: readWitness, group: readGroup, quorum: readQuorum };

async function readPolicyLine(draft, [keyword, ...words]) {
  if (keyword.startsWith("#") || (keyword === "" && words.length === 0)) return;
  demand(
    Object.hasOwn(LINE_READERS, keyword),
    message("it begins with none of log, witness, group and quorum"),
  );
  await LINE_READERS[keyword](draft, words);
}

async function readLog(draft, words) {
  demand([1, 2].includes(words.length), message("a log has a key and perhaps an address"));
  const vkey = await parseVkey(fromByteText(words[0]));
  refuseDuplicate(vkey, draft.logs);
  draft.logs.push(vkey);
}

async function readWitness(draft, words) {
  demand([2, 3].includes(words.length), message("a witness has a name, a key and perhaps an address"));
  const [name, text] = words;
  const vkey = await parseCosignerKey(fromByteText(text));
  refuseDuplicate(
    vkey,
    draft.witnesses.map((witness) => witness.vkey),
  );
  define(draft, name);
  draft.witnesses.push({ name, vkey });
}

function readGroup(draft, [name, threshold, ...members]) {
  demand(members.length > 0, message("a group has a name, any, all or a number, and at least one member"));
  for (const member of members) {
    demand(draft.names.has(member), message("a member of the group is not defined before it"));
    demand(!draft.members.has(member), message("a member of the group is a member already"));
    draft.members.add(member);
  }
  define(draft, name);
  draft.groups.push({ name, threshold: readThreshold(threshold, members.length), members });
}

function readThreshold(text, members) {
  if (text === "any") return 1;
  if (text === "all") return members;
  demand(
    THRESHOLD.test(text) && Number(text) <= members,
    message("the threshold is not any, all or a number from 1 to that of the members"),
  );
  return Number(text);
}

function readQuorum(draft, words) {
  demand(words.length === 1, message("a quorum has one name"));
  demand(draft.quorum === null, message("there is a quorum line already"));
  const [name] = words;
  demand(name === NO_QUORUM || draft.names.has(name), message("the quorum is not defined before it"));
  draft.quorum = name;
}

function define(draft, name) {
  demand(name !== NO_QUORUM && !draft.names.has(name), message("the name is taken"));
  draft.names.add(name);
}

function refuseDuplicate(vkey, known) {
  demand(
    known.every((other) => !sameBytes(vkey.key, other.key)),
    message("another line has the same public key"),
  );
}

/** Whether cosignatures by the witnesses of these names make up the quorum. */
function isSatisfied(policy, names) {
  const witnessed = new Set(names);
  for (const group of policy.groups) {
    if (group.members.filter((member) => witnessed.has(member)).length >= group.threshold) witnessed.add(group.name);
  }
  return policy.quorum === NO_QUORUM || witnessed.has(policy.quorum);
}

/** Which witnesses of the policy cosigned a note, by name, with the time in POSIX seconds, the earliest. */
async function cosigners(note, policy, where) {
  const { text, signatures } = parseNote(note);
  const found = new Map();
  for (const line of signatures) {
    for (const { name, vkey } of policy.witnesses) {
      if (vkey.name !== line.name || vkey.id !== line.id) continue;
      const at = await cosignedAt(text, line.signature, vkey);
      const why = message("a cosignature by a known witness does not hold");
      hold(at !== null, message("{where} is not well signed: {why}.", { where, why }));
      const earlier = found.get(name) ?? at;
      found.set(name, at < earlier ? at : earlier);
    }
  }
  return found;
}

/** The time, in POSIX seconds, at which a witness cosigned; null when the signature does not say so. */
async function cosignedAt(text, signature, vkey) {
  if (signature.length !== COSIGNATURE_BYTES) return null;
  const at = new DataView(signature.buffer, signature.byteOffset).getBigInt64(0);
  if (at < 0n) return null;
  const said = utf8(`cosignature/v1\ntime ${at}\n${text}`);
  return (await verifiesEd25519(vkey.key, signature.slice(8), said)) ? at : null;
}

/** Each distinct checkpoint that proves facts, and its shard. */
function notesAndShards(bundle) {
  return new Map(provingNotes(bundle).map(({ note, checkpoint }) => [note, checkpoint.origin]));
}

/**
 * Whether the witnesses of `policy`, if any is brought, cosigned each checkpoint that proves facts as it asks.
 *
 * A bad cosignature by one of them is refused wherever it stands, on anchors too; who cosigned these is not asked, for
 * the checkpoints that prove facts vouch for them.
 */
export async function checkWitnesses(bundle, policy) {
  if (policy === null) return withoutPolicy(bundle);
  for (const { note, name } of bundle.anchors) await cosigners(note, policy, name);
  const found = [];
  for (const [note, where] of notesAndShards(bundle)) {
    const times = await cosigners(note, policy, message("The checkpoint of {where}", { where }));
    const names = cosignerList(times);
    hold(
      isSatisfied(policy, times.keys()),
      times.size > 0
        ? message("The checkpoint of {where} is not cosigned as your policy asks, but only by {names}.", { where, names })
        : message("The checkpoint of {where} is not cosigned as your policy asks, but by none of its witnesses.", { where }),
    );
    found.push(times.size > 0 ? message("{where} by {names}", { where, names }) : message("{where} by nobody", { where }));
  }
  return policy.quorum === NO_QUORUM
    ? {
        outcome: "not_vouched",
        sentence: message("Your policy asks for no witness. Those that it names cosigned {found}.", { found }),
      }
    : message("Witnesses cosigned as your policy asks: {found}.", { found });
}

/** How many signatures by others than the log its checkpoints carry; whose they are is anybody's guess. */
function withoutPolicy(bundle) {
  const own = new Set(bundle.vkeys.map(({ name, id }) => `${name} ${id}`));
  const lines = [...notesAndShards(bundle).keys()].flatMap((note) => parseNote(note).signatures);
  const number = lines.filter(({ name, id }) => !own.has(`${name} ${id}`)).length;
  const sentence =
    number > 0
      ? message(
          "The checkpoints carry signatures by others, as witnesses give them ({number}); they were not checked.",
          { number },
        )
      : message("No witness signed the checkpoints beside the log.");
  return { outcome: "not_vouched", sentence };
}

/** The names in this policy, each with its time in UTC. */
function cosignerList(times) {
  const sorted = [...times].sort(([one], [other]) => compareTexts(one, other));
  return sorted.map(([name, at]) => `${fromByteText(name)} (${timeOf(at)})`).join(", ");
}

function timeOf(seconds) {
  if (seconds > LAST_SECOND) return `${seconds} s after 1970`;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}

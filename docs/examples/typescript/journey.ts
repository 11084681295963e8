// Register a person, report a paper notice, see what became of it, and take the proof. Needs Node 20 or newer, no package;
// TypeScript 5 compiles it: tsc --strict --target es2022 --module nodenext --types node journey.ts
// API=http://127.0.0.1:8000 KEY=awz_... AWIZO=.venv/bin/awizo node journey.js
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const API = process.env.API!;
const KEY = process.env.KEY!;
const OPERATOR = "poczta-polska";
const TRIES = 8;
const AGAIN = new Set([429, 502, 503, 504]);

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { pointer: string; detail: string }[];
}

interface Summary {
  id: string;
  channel: "sms" | "email";
  kind: string;
  status: string;
  reason: string | null;
}

interface Accepted {
  event: string;
  status: "accepted" | "duplicate" | "quarantined";
  notifications: Summary[];
}

interface Notification extends Summary {
  facts: { total: number; published: number };
}

interface Shipment {
  state: string;
  deadlines: { safe_collect_by: string | null } | null;
}

// Repeating is safe: an event is known by its source and id, so keep these and never make new ones for a retry.
async function ask(method: string, path: string, body?: unknown, type = "application/json"): Promise<Response> {
  for (let tried = 1; ; tried++) {
    let wait = Math.random() * Math.min(60, 2 ** tried);
    try {
      const answer = await fetch(API + path, {
        method,
        headers: { Authorization: `Bearer ${KEY}`, ...(body === undefined ? {} : { "Content-Type": type }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      const told = answer.headers.get("Retry-After");
      if (answer.ok) return answer;
      if (tried === TRIES || (!AGAIN.has(answer.status) && told === null)) {
        const problem = (await answer.json()) as Problem;
        throw new Error(`${problem.status} ${problem.type}: ${problem.detail} ${JSON.stringify(problem.errors ?? [])}`, {
          cause: problem,
        });
      }
      if (told !== null) wait = Number(told);
    } catch (error) {
      if (tried === TRIES || (error instanceof Error && error.cause !== undefined && "status" in (error.cause as object))) {
        throw error;
      } // else no answer came: perhaps it was kept, perhaps not
    }
    await sleep(wait * 1000);
  }
}

async function register(recipient: string, phone: string): Promise<void> {
  await ask("PUT", `/v1/recipients/${OPERATOR}/${recipient}`, {
    language: "pl",
    quiet_hours: null,
    contact_points: [{ channel: "sms", value: phone, verified: true, method: "counter" }],
    consents: [
      { channel: "sms", purpose: "delivery", granted: true, at: "2026-11-01T10:00:00+01:00", method: "counter" },
    ],
  });
}

async function reportNotice(shipment: string, recipient: string): Promise<string> {
  const now = new Date().toISOString();
  const event = {
    specversion: "1.0",
    id: randomUUID(), // in earnest: your own record's number
    source: "/poczta-polska/example",
    type: "pl.awizo.delivery.notice_left.v1",
    time: now,
    data: {
      operator: OPERATOR,
      shipment,
      recipient,
      service: "registered_letter",
      legal_regime: "kpa",
      notice: { ordinal: 1, left_at: now, place: "letterbox" },
      facility: { id: "UP-00-032", name: "UP Warszawa 32", street: "Targowa 73", city: "Warszawa" },
    },
  };
  const accepted = (await (await ask("POST", "/v1/events", event, "application/cloudevents+json")).json()) as Accepted;
  const sms = accepted.notifications.find((each) => each.channel === "sms");
  if (sms === undefined) throw new Error(`${accepted.status}: nobody is told`);
  return sms.id;
}

// A webhook spares you the asking.
async function settled(id: string): Promise<Notification> {
  for (;;) {
    const found = (await (await ask("GET", `/v1/notifications/${id}`)).json()) as Notification;
    const moving = ["queued", "sending", "sent"].includes(found.status);
    if (!moving && found.facts.total === found.facts.published) return found;
    await sleep(1000);
  }
}

const name = randomUUID();
await register(name, "+48600100200");
const id = await reportNotice(`R-${name}`, name);
console.log("notification", id, (await settled(id)).status);
const shipment = (await (await ask("GET", `/v1/shipments/${OPERATOR}/R-${name}`)).json()) as Shipment;
console.log("shipment", shipment.state, "collect by", shipment.deadlines?.safe_collect_by);
// The very bytes: parsing and writing them again would break the proof.
writeFileSync("bundle.json", Buffer.from(await (await ask("GET", `/v1/notifications/${id}/proof`)).arrayBuffer()));
writeFileSync("vkey", await (await ask("GET", "/log/vkey")).text());
const [verifier = "awizo", ...first] = (process.env.AWIZO ?? "awizo").split(" ");
process.exitCode = spawnSync(verifier, [...first, "verify", "bundle.json", "--vkey", "vkey"], { stdio: "inherit" }).status ?? 1;

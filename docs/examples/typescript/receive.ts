// Receive webhooks and refuse what awizo did not sign. Needs Node 20 or newer, no package; TypeScript 5 compiles it.
// WEBHOOK_SECRET=whsec_... node receive.js, behind something that speaks https; for a try: awizo webhook listen --forward
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";

const TOLERANCE_SECONDS = 300;
const SECRET = process.env.WEBHOOK_SECRET!;
const seen = new Set<string>(); // in earnest: a table, kept for some days, because an event can come twice

function isGenuine(secret: string, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") return false;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const wanted = Buffer.from("v1," + createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64"));
  return signatures.split(" ").some((each) => {
    const given = Buffer.from(each);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const genuine = isGenuine(SECRET, request.headers, body);
    response.writeHead(genuine ? 204 : 401).end();
    const id = request.headers["webhook-id"];
    if (!genuine || typeof id !== "string" || seen.has(id)) return;
    seen.add(id);
    const event = JSON.parse(body.toString("utf8")) as { type: string; data: { notification?: string } };
    console.log(event.type, event.data.notification);
  });
});
server.listen(Number(process.env.PORT ?? 4000), "127.0.0.1", () => console.log("listening"));

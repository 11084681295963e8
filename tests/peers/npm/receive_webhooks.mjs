// A receiver as somebody else would write it: HTTPS on 127.0.0.1, each call verified by npm's standardwebhooks.
// Arguments: a PEM file with key and certificate, a port, the secret. Prints one JSON line for each call.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { Webhook } from "standardwebhooks";

const [pem, port, secret] = process.argv.slice(2);
const ours = new Webhook(secret);
const anothers = new Webhook("whsec_" + Buffer.alloc(32, 7).toString("base64"));

function accepts(verifier, body, headers) {
  try {
    return verifier.verify(body, headers);
  } catch {
    return null;
  }
}

function forgeries(body, headers) {
  const later = String(Number(headers["webhook-timestamp"]) + 1);
  return [
    accepts(ours, body + " ", headers),
    accepts(ours, body, { ...headers, "webhook-id": headers["webhook-id"] + "0" }),
    accepts(ours, body, { ...headers, "webhook-timestamp": later }),
    accepts(anothers, body, headers),
  ].filter((accepted) => accepted !== null).length;
}

const server = createServer({ key: readFileSync(pem), cert: readFileSync(pem) }, (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    const event = accepts(ours, body, request.headers);
    const line = { id: request.headers["webhook-id"], event, forgeries: forgeries(body, request.headers) };
    process.stdout.write(JSON.stringify(line) + "\n");
    response.writeHead(event === null ? 401 : 204).end();
  });
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));

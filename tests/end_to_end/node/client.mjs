// A client on the official TypeScript SDK that a test drives over pipes, one JSON a line.
//
//   node client.mjs FOLDER PACKAGE URL ERA [CLIENT_ID]
//
// FOLDER has node_modules; PACKAGE is `@modelcontextprotocol/sdk` (1.x) or
// `@modelcontextprotocol/client` (2.x); ERA is `legacy`, or the stateless revision to speak;
// with CLIENT_ID the client does not register itself.
// Standard input: {"list": true}, {"call": tool, "arguments": …} or, as the answer to
// {"open": authorization address}, {"landed": redirect address}. Standard output: {"open": …},
// {"result": …}, all of it, or {"error": …}.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, packageName, url, era, clientId] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const sdk =
  packageName === "@modelcontextprotocol/sdk"
    ? {
        ...require(`${packageName}/client/index.js`),
        ...require(`${packageName}/client/streamableHttp.js`),
        ...require(`${packageName}/client/auth.js`),
      }
    : require(packageName);

const kept = clientId ? { client: { client_id: clientId } } : {};
const provider = {
  redirectUrl: "http://127.0.0.1:9/callback",
  clientMetadata: {
    client_name: packageName,
    redirect_uris: ["http://127.0.0.1:9/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (discovery) => void (kept.discovery = discovery),
  invalidateCredentials: (what) => {
    if (what === "all" || what === "client") delete kept.client;
    if (what === "all" || what === "tokens") delete kept.tokens;
    if (what === "all" || what === "verifier") delete kept.verifier;
    if (what === "all" || what === "discovery") delete kept.discovery;
  },
  redirectToAuthorization: (address) => tell({ open: address.href }),
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let client;

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function heard() {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
}

async function connected() {
  for (;;) {
    const transport = new sdk.StreamableHTTPClientTransport(new URL(url), {
      authProvider: provider,
    });
    const made = new sdk.Client(
      { name: packageName, version: "1" },
      era === "legacy" ? {} : { versionNegotiation: { mode: { pin: era } } },
    );
    try {
      await made.connect(transport);
      return made;
    } catch (error) {
      if (!(error instanceof sdk.UnauthorizedError)) throw error;
      const { searchParams } = new URL((await heard()).landed);
      await transport.finishAuth(searchParams.get("code"), searchParams.get("iss") ?? undefined);
    }
  }
}

for (let asked = await heard(); asked; asked = await heard()) {
  try {
    client ??= await connected();
    const result = asked.list
      ? (await client.listTools()).tools
      : await client.callTool({ name: asked.call, arguments: asked.arguments });
    tell({ result });
  } catch (error) {
    client = undefined;
    tell({ error: String(error) });
  }
}
process.exit(0);

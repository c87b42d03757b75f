// The MCP Inspector in its CLI mode, driven like `client.mjs`: each message is one run of the CLI.
//
//   node inspector.mjs FOLDER URL ERA DIRECTORY
//
// FOLDER has node_modules; ERA is `legacy` or `modern`; DIRECTORY takes the CLI's answers. The runs
// share a process, since Node takes a second to start; what the CLI writes for a person stays.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, url, era, directory] = process.argv.slice(2);
const inspector = `${folder}/node_modules/@modelcontextprotocol/inspector`;
const { runCli } = await import(pathToFileURL(`${inspector}/clients/cli/build/index.js`));
const output = `${directory}/answer.json`;
const common = [url, "--transport", "http", "--protocol-era", era, "--output", output];
const listener = ["--callback-url", "http://127.0.0.1:0/oauth/callback"];

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.landed) {
    await fetch(asked.landed); // to the listener of the run that waits below
    continue;
  }
  void run(asked);
}
process.exit(0);

async function run(asked) {
  const wanted = asked.list
    ? ["--method", "tools/list", "--strict"]
    : ["--method", "tools/call", "--tool-name", asked.call];
  const given = asked.list ? [] : ["--tool-args-json", JSON.stringify(asked.arguments)];
  try {
    await runCli(["node", "mcp-inspector", ...common, ...listener, ...wanted, ...given]);
    const answer = JSON.parse(readFileSync(output, "utf8"));
    tell({ result: asked.list ? answer.tools : answer });
  } catch (error) {
    tell({ error: `${error} ${JSON.stringify(error.envelope ?? "")}` });
  }
}

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

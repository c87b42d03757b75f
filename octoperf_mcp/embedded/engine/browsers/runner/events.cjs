// Appends what happens to the file that the host process follows, one JSON object a line.
"use strict";
const fs = require("node:fs");

const run = JSON.parse(fs.readFileSync(process.env.OCTOPERF_BROWSER_RUN, "utf8"));
const file = fs.openSync(run.events, "a");

function tell(event, facts) {
  fs.writeSync(file, `${JSON.stringify({ event, ...facts })}\n`);
}

module.exports = { run, tell };

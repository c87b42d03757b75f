// Tells of each test and step as it ends. A step is called as the spec has it in its source.
"use strict";
const fs = require("node:fs");
const { run, tell } = require("./events.cjs");

const LONGEST = 120;
const sources = new Map();

class Reporter {
  onBegin(_, suite) {
    tell("begin", { tests: suite.allTests().length });
  }

  onTestBegin(test, result) {
    tell("test", { title: test.title, started: +result.startTime });
  }

  onStepEnd(test, result, step) {
    const above = ancestors(step);
    tell("step", {
      category: step.category,
      title: step.title,
      label: label(step),
      steps: above.filter((one) => one.category === "test.step").map((one) => one.title),
      nested: above.some((one) => one.category !== "test.step" && one.category !== "hook"),
      hooked: above.some((one) => one.category === "hook"),
      written: Boolean(place(step)),
      started: +step.startTime,
      ms: step.duration,
      error: step.error ? message(step.error) : "",
    });
  }

  onTestEnd(test, result) {
    tell("tested", {
      title: test.title,
      status: result.status,
      expected: test.expectedStatus,
      started: +result.startTime,
      ms: result.duration,
      errors: result.errors.map(message),
      attachments: result.attachments
        .filter((one) => one.path)
        .map(({ name, path, contentType }) => ({ name, path, type: contentType })),
    });
  }

  onStdOut(chunk) {
    tell("output", { text: String(chunk) });
  }

  onStdErr(chunk) {
    tell("output", { text: String(chunk) });
  }

  onError(error) {
    tell("error", { message: message(error) });
  }

  onEnd(result) {
    tell("end", { status: result.status });
  }

  printsToStdio() {
    return true;
  }
}

function message(error) {
  return error.message || error.value || String(error.stack || "");
}

function ancestors(step) {
  const found = [];
  for (let one = step.parent; one; one = one.parent) found.push(one);
  return found.reverse();
}

function place(step) {
  const at = step.location;
  return at && at.file.startsWith(`${run.folder}/`) ? at : undefined;
}

function label(step) {
  const at = place(step);
  const line = at && lines(at.file)[at.line - 1];
  const called = line && expression(line, at.column - 1);
  const named = called || [step.title, step.subtitle].filter(Boolean).join(" ");
  return named.length > LONGEST ? `${named.slice(0, LONGEST - 1)}…` : named;
}

function lines(file) {
  if (!sources.has(file)) {
    sources.set(file, fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n") : []);
  }
  return sources.get(file);
}

// From the `await` (or the beginning of the line) to the end of the call at this column.
function expression(line, column) {
  const before = line.slice(0, column);
  const awaited = before.lastIndexOf("await ");
  const from = awaited < 0 ? Math.max(before.search(/\S/), 0) : awaited + "await ".length;
  let depth = 0;
  for (let index = column; index < line.length; index += 1) {
    if ("([{".includes(line[index])) depth += 1;
    else if (")]}".includes(line[index])) {
      depth -= 1;
      if (depth <= 0) return depth < 0 ? "" : line.slice(from, index + 1);
    }
  }
  return `${line.slice(from).trim()}${depth ? "…" : ""}`;
}

module.exports = Reporter;

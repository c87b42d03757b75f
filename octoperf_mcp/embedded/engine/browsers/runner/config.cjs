// The configuration under which a spec is played; the runner's main process and its workers load
// it. Whatever the spec asks for, it gets the Chromium and the way to the network given here.
"use strict";
const { run, tell } = require("./events.cjs");
const { chromium, devices, request } = require(run.playwright);

const NOT_OURS = /^--(no-)?(proxy|host-resolver|host-rules)/;
let contexts = 0;

function launching(options = {}) {
  const args = (options.args || []).filter((one) => !NOT_OURS.test(one));
  return {
    ...options,
    channel: undefined,
    executablePath: run.chromium,
    headless: true,
    proxy: run.proxy,
    args: [...args, ...run.args],
  };
}

function followed(context) {
  context.on("page", follow);
  context.pages().forEach(follow);
  for (const outcome of ["requestfinished", "requestfailed"]) {
    context.on(outcome, (one) => void report(one));
  }
  return context;
}

function follow(page) {
  let began = Date.now();
  page.on("request", (one) => {
    if (one.isNavigationRequest() && one.frame() === page.mainFrame()) began = Date.now();
  });
  for (const label of ["domcontentloaded", "load"]) {
    page.on(label, () => {
      if (page.url().startsWith("http")) {
        tell("navigation", { label, started: began, ms: Date.now() - began, url: page.url() });
      }
    });
  }
}

async function report(one) {
  const url = new URL(one.url());
  if (!/^(https?|wss?):$/.test(url.protocol)) return;
  const timing = one.timing();
  const took = (moment) => (moment > 0 ? moment : 0);
  const facts = {
    host: url.hostname,
    url: one.url(),
    method: one.method(),
    started: timing.startTime > 0 ? timing.startTime : Date.now(),
    ms: took(timing.responseEnd),
    first: took(timing.responseStart),
    connect: took(timing.connectEnd) - took(timing.connectStart),
    failure: one.failure()?.errorText || "",
  };
  try {
    const answer = await one.response();
    facts.status = answer ? answer.status() : 0;
    facts.type = answer ? answer.headers()["content-type"] || "" : "";
    const sizes = await one.sizes();
    facts.sent = sizes.requestHeadersSize + sizes.requestBodySize;
    facts.received = sizes.responseHeadersSize + sizes.responseBodySize;
  } catch {
    // The page is gone, and its sizes with it.
  }
  tell("network", facts);
}

function guarded(browser) {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options = {}) => {
    const kept = { ...options, proxy: undefined };
    if (run.har) {
      contexts += 1;
      const path = `${run.output}/har/${process.pid}-${contexts}.har`;
      kept.recordHar = { path, content: run.har };
    }
    return followed(await newContext(kept));
  };
  return browser;
}

const launch = chromium.launch.bind(chromium);
chromium.launch = async (options) => guarded(await launch(launching(options)));
const persistent = chromium.launchPersistentContext.bind(chromium);
chromium.launchPersistentContext = async (folder, options) =>
  followed(await persistent(folder, launching(options)));
for (const way of ["connect", "connectOverCDP", "launchServer"]) {
  chromium[way] = async () => {
    throw new Error(`chromium.${way} is not available here: use the fixtures page and browser`);
  };
}
const newRequest = request.newContext.bind(request);
request.newContext = (options = {}) => newRequest({ ...options, proxy: run.proxy });

const use = {
  ...(run.device ? devices[run.device] : {}),
  browserName: "chromium",
  headless: true,
  proxy: run.proxy,
  trace: run.trace,
  screenshot: run.screenshot,
  launchOptions: { slowMo: run.slowMoMs },
  ...(run.steps > 1 ? { actionTimeout: run.timeoutMs, navigationTimeout: run.timeoutMs } : {}),
};
delete use.defaultBrowserType;
if (run.baseURL) use.baseURL = run.baseURL;

module.exports = {
  testDir: run.folder,
  testMatch: new RegExp(`^${run.spec.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`),
  outputDir: `${run.output}/results`,
  reporter: [[`${__dirname}/reporter.cjs`]],
  // A list of steps is one test: each may take as long as a test of its own.
  timeout: run.timeoutMs * run.steps,
  globalTimeout: run.limitMs,
  workers: 1,
  retries: 0,
  projects: [{ name: "chromium", use }],
};

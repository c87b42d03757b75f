// What changes on a page while a run goes on: of a report as it comes, of others every few seconds.
"use strict";

(() => {
  const RETRY_MS = 5000;
  const main = document.querySelector("main");
  const address = main.querySelector("[data-live]")?.dataset.live;
  const again = () => Number(main.querySelector("[data-again]")?.dataset.again);
  const said = document.getElementById("said");

  const own = (node) => node.nodeType === 1 && node.classList.contains("live");
  const children = (node) => [...node.childNodes].filter((each) => !own(each));

  /** Make `now` like `next` with as few changes as can be: focus, zoom and what is open stay. */
  function adopt(now, next) {
    if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) {
      now.replaceWith(next);
      return;
    }
    if (now.nodeType !== 1) {
      if (now.data !== next.data) now.data = next.data;
      return;
    }
    for (const { name, value } of [...next.attributes]) {
      if (now.getAttribute(name) === value) continue;
      const drawn = name === "class" && now.classList.contains("drawn");
      now.setAttribute(name, value); // the className of an SVG element cannot be set
      if (drawn) now.classList.add("drawn");
    }
    const [olds, news] = [children(now), children(next)];
    news.forEach((each, number) => {
      if (number < olds.length) adopt(olds[number], each);
      else now.insertBefore(each, [...now.childNodes].find(own) ?? null);
    });
    olds.slice(news.length).forEach((each) => each.remove());
  }

  function parts(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  function show(parted) {
    for (const [id, html] of Object.entries(parted)) {
      const now = document.getElementById(id);
      const next = parts(html).firstElementChild;
      if (now && next) adopt(now, next);
    }
    draw();
  }

  function draw() {
    window.octoperfCharts?.draw(main);
    window.octoperfHeat?.draw(main);
  }

  async function reread() {
    const answer = await fetch(location.href, { redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    adopt(main, page.querySelector("main"));
    if (again()) setTimeout(reread, again());
    else document.getElementById("said").textContent = "It is over; this is the outcome.";
  }

  draw();
  if (again()) setTimeout(reread, again());
  if (!address) return;

  const stream = new EventSource(address);
  stream.addEventListener("parts", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("over", () => {
    stream.close();
    said.textContent = "The run is over; these are its final figures.";
  });
  stream.addEventListener("error", () => {
    // the browser tries again by itself unless the answer was a refusal
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), RETRY_MS);
  });
  addEventListener("pagehide", () => stream.close());
})();

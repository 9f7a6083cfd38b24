"use strict";
// Keeps the board fresh. It waits while somebody types, and while nobody looks.
const EVERY_MS = 2000;

function typing() {
  const field = document.activeElement;
  return field instanceof HTMLInputElement || [...document.querySelectorAll(".reply input")].some((input) => input.value);
}

function toTheEnd() {
  for (const texts of document.querySelectorAll(".texts")) texts.scrollTop = texts.scrollHeight;
}

async function refresh() {
  if (document.hidden || typing()) return;
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok || typing()) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = fresh.title;
  document.getElementById("board").replaceWith(fresh.getElementById("board"));
  toTheEnd();
}

toTheEnd();
setInterval(() => refresh().catch(() => {}), EVERY_MS); // a sandbox that restarts answers again soon

// The last calls, in memory: choosing one brings its request and its answer back.

import { byId, el, milliseconds } from "./dom.js";

/** @typedef {{at: Date, status: number | null, ms: number, what: string, state: any, result: HTMLElement}} Entry */

const LENGTH = 20;

/** @param {(entry: Entry) => void} restore */
export function makeHistory(restore) {
  /** @type {Entry[]} */
  let entries = [];
  const list = byId("history");

  function draw() {
    byId("history-empty").hidden = entries.length > 0;
    list.replaceChildren(...entries.map((entry) =>
      el("li", {}, el("button", { type: "button", onclick: () => restore(entry) },
        el("time", {}, entry.at.toLocaleTimeString("en-GB")),
        el("b", { class: entry.status !== null && entry.status < 400 ? "good" : "bad" }, String(entry.status ?? "none")),
        el("span", { class: "what" }, entry.what),
        el("span", { class: "took" }, milliseconds(entry.ms))))));
  }

  return {
    /** @param {Entry} entry */
    add(entry) {
      entries = [entry, ...entries].slice(0, LENGTH);
      draw();
    },
  };
}

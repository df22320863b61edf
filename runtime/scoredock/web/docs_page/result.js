// What came back: status, times, request id, and the result as table, chart, JSON, text or picture.

import { barChart } from "./chart.js";
import { copyButton, el, milliseconds, size } from "./dom.js";
import { parse, pretty } from "./json.js";
import { show } from "./cells.js";
import { barsOf, tableOf } from "./result_shapes.js";
import { statusWords } from "./api.js";
import { tabbed } from "./tabs.js";

const MAX_ROWS = 500;
const MAX_COLUMNS = 100;
const MAX_TEXT = 300_000;

/** @typedef {{element: HTMLElement, message: string | null, spoken: string}} Shown `message` is an error's */

/** @param {import("./api.js").Answer} answer @returns {Promise<Shown>} */
export async function showAnswer(answer) {
  const type = (answer.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  const failed = answer.status >= 400;
  /** @type {HTMLElement | null} */
  let content = null;
  let message = null;
  let spoken = "";
  if (!answer.blob.size) content = el("p", { class: "hint" }, "The answer has no body.");
  else if (/^image\/(?:png|jpeg|gif|webp|bmp|avif|svg\+xml)$/.test(type)) {
    content = el("img", { class: "answer", alt: `The answer, an image of ${size(answer.blob.size)}`, src: URL.createObjectURL(answer.blob) });
  } else if (/json|^text\/|xml|javascript/.test(type)) {
    const text = await answer.blob.text();
    const value = /json/.test(type) ? valueOf(text) : undefined;
    if (failed && typeof value?.message === "string") {
      message = value.message;
      content = el("p", { class: "message" }, message);
    } else content = value === undefined ? plain(text) : views(value);
    spoken = message ?? (value === undefined ? text : pretty(value)).slice(0, 200);
  } else {
    const name = `answer.${type.split("/")[1]?.replace(/[^a-z0-9]/g, "") || "bin"}`;
    content = el("p", {}, `${size(answer.blob.size)} of ${type || "an unknown type"}. `, el("a", { href: URL.createObjectURL(answer.blob), download: name }, "Save them"));
  }
  return { element: el("div", { class: failed ? "answer failed" : "answer" }, summary(answer, failed), content), message, spoken: `${answer.status} ${statusWords(answer.status)}. ${spoken}` };
}

/** @param {string} text */
function valueOf(text) {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** @param {import("./api.js").Answer} answer @param {boolean} failed */
function summary(answer, failed) {
  const run = answer.headers.get("x-ms-run-fn-exec-ms");
  const id = answer.headers.get("x-request-id");
  const retry = answer.headers.get("retry-after");
  return el("dl", { class: "summary" },
    el("div", {}, el("dt", {}, "Status"), el("dd", { class: failed ? "bad" : "good" }, `${answer.status} ${statusWords(answer.status)}`)),
    run ? el("div", {}, el("dt", {}, "In run()"), el("dd", {}, milliseconds(Number(run)))) : null,
    el("div", {}, el("dt", {}, "In all"), el("dd", {}, milliseconds(answer.totalMs))),
    retry ? el("div", {}, el("dt", {}, "Try again in"), el("dd", {}, `${retry} s`)) : null,
    id ? el("div", { class: "id" }, el("dt", {}, "Request id"), el("dd", {}, el("code", {}, id), copyButton("Copy the request id", () => id))) : null);
}

/** @param {string} text */
function plain(text) {
  const cut = text.length > MAX_TEXT;
  return el("div", {}, el("pre", { tabindex: "0", "aria-label": "The answer" }, cut ? text.slice(0, MAX_TEXT) : text), cut ? el("p", { class: "hint" }, `The first ${MAX_TEXT.toLocaleString("en")} of ${text.length.toLocaleString("en")} characters.`) : null);
}

/** @param {any} value */
function views(value) {
  const table = tableOf(value);
  const bars = barsOf(value);
  const tabs = [];
  if (bars.length) tabs.push({ name: "Chart", panel: chartPanel(bars) });
  if (table) tabs.push({ name: "Table", panel: tablePanel(table) });
  tabs.push({ name: "JSON", panel: el("div", {}, plain(pretty(value))) });
  return tabbed("The result as", tabs).element;
}

/** @param {import("./result_shapes.js").Table} table */
function tablePanel({ columns, rows }) {
  const names = columns.slice(0, MAX_COLUMNS);
  const numeric = names.map((_, place) => rows.every((row) => row[place] === null || row[place] === undefined || Number.isFinite(Number(row[place])) && typeof row[place] !== "boolean" && row[place] !== ""));
  const lines = rows.slice(0, MAX_ROWS).map((row, place) =>
    el("tr", {}, el("th", { scope: "row", class: "row-name" }, String(place)), ...names.map((_, column) => el("td", { class: numeric[column] ? "number" : null }, show(row[column])))));
  const head = el("tr", {}, el("th", { scope: "col", class: "row-name" }, "#"), ...names.map((name, column) => el("th", { scope: "col", class: numeric[column] ? "number" : null }, name)));
  const cut = rows.length > MAX_ROWS || columns.length > MAX_COLUMNS;
  return el("div", {},
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The result as a table" }, el("table", { class: "plain" }, el("thead", {}, head), el("tbody", {}, ...lines))),
    cut ? el("p", { class: "hint" }, `${lines.length} of ${rows.length.toLocaleString("en")} rows, ${names.length} of ${columns.length} columns.`) : null);
}

/** @param {import("./result_shapes.js").Bars[]} bars */
function chartPanel(bars) {
  const width = window.innerWidth < 640 ? 320 : 560; // letters keep their size on a phone
  const place = el("div", { class: "bars" }, barChart(bars[0], width));
  if (bars.length === 1) return el("div", {}, place);
  const choice = el("select", { "aria-label": "The column to draw", onchange: () => place.replaceChildren(barChart(bars[choice.selectedIndex], width)) }, ...bars.map((one) => el("option", {}, one.name)));
  return el("div", {}, choice, place);
}

/** What to show when no answer came. @param {string} text @returns {Shown} */
export function showFailure(text) {
  return { element: el("div", { class: "answer failed" }, el("p", { class: "message" }, text)), message: null, spoken: text };
}

// The last five minutes of the service, asked for only while somebody looks.

import { lineChart, short } from "./chart.js";
import { byId, el, milliseconds } from "./dom.js";
import { between } from "./rates.js";
import { read } from "./api.js";

const EVERY_MS = 2000;
const SECONDS = 300;

/** @typedef {import("./rates.js").Point} Point */

/** @param {number | null | undefined} value @param {(value: number) => string} write */
const or = (value, write) => (value === null || value === undefined ? "–" : write(value));

/** @param {number} value */
const rounded = (value) => short(Number(value.toPrecision(2)));

/** @type {{title: string, atLeast: number, top: (value: number) => string, values: (point: Point) => (number | null)[], words: (point: Point | undefined) => string}[]} */
const CHARTS = [
  { title: "Requests per second", atLeast: 1, top: rounded, values: (point) => [point.rate], words: (point) => or(point?.rate, (rate) => short(Number(rate.toPrecision(3)))) },
  { title: "Latency, p50 and p95", atLeast: 1, top: (value) => `${rounded(value)} ms`, values: (point) => [point.p50, point.p95], words: (point) => or(point?.p50, (p50) => `${milliseconds(p50)} · ${milliseconds(point?.p95 ?? 0)}`) },
  { title: "Waiting in the queue", atLeast: 1, top: rounded, values: (point) => [point.queue], words: (point) => or(point?.queue, String) },
  { title: "Share of errors", atLeast: 0.05, top: (value) => `${rounded(value * 100)} %`, values: (point) => [point.errors], words: (point) => or(point?.errors, (share) => `${short(Number((share * 100).toPrecision(3)))} %`) },
];

/** Begin; `onReading` gets each reading. @param {(reading: any) => void} onReading */
export function startLive(onReading) {
  /** @type {any} */
  let before = null;
  /** @type {Point[]} */
  let points = [];
  /** @type {number | undefined} */
  let timer;
  let ended = false;
  const numbers = byId("live-numbers");

  async function ask() {
    clearTimeout(timer);
    if (ended || document.visibilityState !== "visible") return;
    try {
      const { status, value } = await read("docs/live.json");
      if (status === 404) {
        end("Metrics are off (SCOREDOCK_METRICS), so there is nothing to draw.");
        return;
      }
      if (status === 200) take(value);
      else note(`The service answers ${status}.`);
    } catch {
      note("The service does not answer.");
    }
    clearTimeout(timer);
    timer = setTimeout(ask, EVERY_MS);
  }

  /** @param {string} text */
  function note(text) {
    byId("live-note").textContent = text;
  }

  /** @param {string} text */
  function end(text) {
    ended = true;
    note(text);
    byId("charts").hidden = true;
    numbers.hidden = true;
  }

  /** @param {any} reading */
  function take(reading) {
    const point = before && between(before, reading);
    before = reading;
    note("");
    onReading(reading);
    points = points.filter((one) => one.time > reading.time - SECONDS);
    if (point) points.push(point);
    draw(reading.time);
  }

  /** @param {number} now */
  function draw(now) {
    const last = points.at(-1);
    const calm = points.findLast((point) => point.p50 !== null);
    byId("charts").replaceChildren(...CHARTS.map((chart, place) => {
      const words = chart.words(place === 1 || place === 3 ? calm : last);
      const series = points.map((point) => ({ time: point.time, values: chart.values(point) }));
      return el("figure", {}, el("figcaption", {}, el("span", {}, chart.title), el("b", {}, words)),
        lineChart(chart.title, `Five minutes, last ${words}`, series, now, SECONDS, chart.atLeast, chart.top));
    }));
    if (numbers.open) drawNumbers(now);
  }

  /** The same in numbers, every half minute. @param {number} now */
  function drawNumbers(now) {
    const rows = points.filter((point, place) => place === points.length - 1 || Math.floor(point.time / 30) !== Math.floor(points[place + 1].time / 30));
    const lines = rows.reverse().map((point) => el("tr", {}, el("th", { scope: "row" }, `${Math.round(now - point.time)} s ago`), ...CHARTS.map((chart) => el("td", { class: "number" }, chart.words(point)))));
    byId("live-table").replaceChildren(el("table", { class: "plain" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "When"), ...["Requests/s", "p50 · p95", "Waiting", "Errors"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...lines)));
  }

  numbers.addEventListener("toggle", () => before && draw(before.time));
  document.addEventListener("visibilitychange", ask);
  ask();
}

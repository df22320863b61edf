// Small charts in SVG: bars of a result, lines of the last minutes. Each says in words what it shows.

import { freshId } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string)} children @returns {SVGElement} */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @param {string} title @param {string} description @param {number} width @param {number} height @param {Node[]} children */
function picture(title, description, width, height, children) {
  const [name, text] = [freshId("title"), freshId("desc")];
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": `${name} ${text}`, class: "chart" },
    svg("title", { id: name }, title), svg("desc", { id: text }, description), ...children);
}

/** A number in few characters. @param {number} value */
export function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : 4)));
}

const MAX_BARS = 200;

/** Horizontal bars, one a value, from zero, in a picture of this width. @param {import("./result_shapes.js").Bars} bars @param {number} [width] */
export function barChart({ name, labels, values, scores }, width = 560) {
  const shown = values.slice(0, MAX_BARS);
  const finite = shown.filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const high = Math.max(0, ...finite);
  const span = high - low || 1;
  const texts = labels.slice(0, MAX_BARS).map((label) => (label.length > 18 ? `${label.slice(0, 17)}…` : label));
  const step = 24;
  const left = 14 + 7.2 * texts.reduce((most, text) => Math.max(most, text.length), 1);
  const room = width - left - 74;
  const zero = left + (-low / span) * room;
  const rows = shown.flatMap((value, place) => {
    const length = Number.isFinite(value) ? (Math.abs(value) / span) * room : 0;
    const y = place * step;
    return [
      svg("text", { x: left - 10, y: y + 16, class: "label", "text-anchor": "end" }, texts[place]),
      svg("rect", { x: value < 0 ? zero - length : zero, y: y + 4, width: Math.max(length, 1), height: step - 8, rx: 2, class: scores && place ? "bar other" : "bar" }),
      svg("text", { x: (value < 0 ? zero : zero + length) + 8, y: y + 16, class: "value" }, short(value)),
    ];
  });
  const more = values.length > MAX_BARS ? `; the first ${MAX_BARS} of ${values.length} are drawn` : "";
  const text = `${scores ? "Largest first" : "One bar a row"}: ${shown.slice(0, 20).map((value, place) => `${labels[place]} ${short(value)}`).join(", ")}${more}`;
  return picture(`Bars of ${name}`, text, width, shown.length * step + 4, [svg("line", { x1: zero, x2: zero, y1: 0, y2: shown.length * step, class: "axis" }), ...rows]);
}

/**
 * Lines over the last `seconds` until `now`; a null makes a gap.
 * @param {string} title @param {string} description @param {{time: number, values: (number | null)[]}[]} points
 * @param {number} now @param {number} seconds @param {number} atLeast what the axis reaches at least
 * @param {(top: number) => string} words the axis' upper end
 */
export function lineChart(title, description, points, now, seconds, atLeast, words) {
  const [width, height, bottom] = [260, 64, 62];
  const count = points[0]?.values.length ?? 1;
  const top = Math.max(atLeast, ...points.flatMap((point) => point.values.map((value) => value ?? 0)));
  const lines = Array.from({ length: count }, (_, line) => {
    let path = "";
    let area = "";
    let open = "";
    let last = 0;
    const close = () => {
      if (open) area += `${open}L${last} ${bottom}Z`;
      open = "";
    };
    for (const point of points) {
      const value = point.values[line];
      const x = Math.round((width - (now - point.time) / seconds * width) * 10) / 10;
      if (value === null || x < 0) {
        close();
        continue;
      }
      const y = Math.round((bottom - (value / top) * (bottom - 6)) * 10) / 10;
      path += open ? `L${x} ${y}` : `M${x} ${y}h0`; // h0: one point alone is a dot
      open += `${open ? "" : `M${x} ${bottom}`}L${x} ${y}`;
      last = x;
    }
    close();
    const stroke = svg("path", { d: path, class: `line line-${line}` });
    return line === count - 1 && count > 1 ? [stroke] : [svg("path", { d: area, class: `area area-${line}` }), stroke];
  });
  return picture(title, description, width, height, [svg("line", { x1: 0, x2: width, y1: bottom, y2: bottom, class: "axis" }), ...lines.flat(), ...(points.length ? [svg("text", { x: 0, y: 9, class: "top" }, words(top))] : [])]);
}

// An editor for one value of the request: a table, a field, fields in a group, or JSON, as its type asks for.

import { el, freshId } from "./dom.js";
import { ExactNumber, JsonError, isNumber, isObject, parse, pretty } from "./json.js";
import { familyOf, read, seemingDtype, show } from "./cells.js";
import { arrayToGrid, frameToGrid, gridToArray, gridToFrame } from "./orients.js";
import { TableEditor, isShowable } from "./table_editor.js";

/**
 * @typedef {{name: string, kind?: string | null, dtype?: string | null, shape?: (number | null)[] | null,
 *   orient?: string | null, columns?: {name: string, dtype: string}[] | null, fields?: Spec[] | null}} Spec
 * @typedef {(string | number)[]} Steps
 * @typedef {{element: HTMLElement, get: () => any, clear: () => void,
 *   mark: (steps: Steps, text: string) => HTMLElement | null}} Editor
 * `mark` shows a problem at the steps' place and returns what to focus, or null when it has no such place
 */

/** The editor for a value. @param {Spec} spec @param {any} value @param {() => void} changed @returns {Editor} */
export function makeEditor(spec, value, changed) {
  const kind = spec.kind ?? "inferred";
  const fits = { frame: frameEditor, array: arrayEditor, nested: inferredEditor, standard: fieldEditor, inferred: inferredEditor }[kind];
  return fits?.(spec, value, changed) ?? jsonEditor(spec, value, changed);
}

/** @type {(spec: Spec, value: any, changed: () => void) => Editor | null} */
function inferredEditor(spec, value, changed) {
  if (Array.isArray(value)) return arrayEditor(spec, value, changed);
  return isObject(value) ? groupEditor(spec, value, changed) : fieldEditor(spec, value, changed);
}

/** @type {(spec: Spec, value: any, changed: () => void) => Editor | null} */
function frameEditor(spec, value, changed) {
  const orient = spec.orient ?? "records";
  const grid = frameToGrid(value, orient, spec.columns ?? null);
  if (!isShowable(grid)) return null;
  const table = new TableEditor(spec.name, grid, changed);
  return tableEditor(table, () => gridToFrame(table.grid, orient));
}

/** @type {(spec: Spec, value: any, changed: () => void) => Editor | null} */
function arrayEditor(spec, value, changed) {
  const grid = arrayToGrid(value, spec.dtype ?? null, spec.shape?.length === 2 ? spec.shape[1] : null);
  if (!isShowable(grid) || (spec.shape && spec.shape.length > 2)) return null;
  const table = new TableEditor(spec.name, grid, changed);
  return tableEditor(table, () => gridToArray(table.grid));
}

/** @param {TableEditor} table @param {() => any} get @returns {Editor} */
function tableEditor(table, get) {
  return {
    element: table.element,
    get,
    clear: () => table.clear(),
    mark([row, column], text) {
      if (typeof row !== "number") return null;
      const { columns } = table.grid;
      const place = typeof column === "number" ? column : column === undefined ? 0 : columns.findIndex((one) => one.name === column);
      return columns[place] ? table.mark(row, place, text) : null;
    },
  };
}

/** @type {(spec: Spec, value: any, changed: () => void) => Editor | null} */
function groupEditor(spec, value, changed) {
  if (!isObject(value)) return null;
  const names = Object.keys(value);
  const editors = new Map(names.map((name) => [name, makeEditor(spec.fields?.find((one) => one.name === name) ?? { name }, value[name], changed)]));
  const element = el("div", { class: "group" }, ...names.map((name) => el("fieldset", {}, el("legend", {}, name), editors.get(name)?.element)));
  return {
    element,
    get: () => Object.fromEntries(names.map((name) => [name, editors.get(name)?.get()])),
    clear: () => editors.forEach((editor) => editor.clear()),
    mark: ([name, ...rest], text) => editors.get(String(name))?.mark(rest, text) ?? null,
  };
}

/** A control with room for its problem below. @param {HTMLElement} control @param {HTMLElement} element @param {() => any} get @returns {Editor & {tell: (text: string) => void}} */
function withProblem(control, element, get) {
  const problem = el("p", { class: "problem", id: freshId("problem"), hidden: true });
  element.append(problem);
  function tell(/** @type {string} */ text) {
    problem.textContent = text;
    problem.hidden = !text;
    if (text) control.setAttribute("aria-describedby", problem.id);
    else control.removeAttribute("aria-describedby");
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  const steps = (/** @type {Steps} */ path) => path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return { element, get, tell, clear: () => tell(""), mark: (path, text) => (tell(path.length ? `${steps(path).replace(/^\./, "")}: ${text}` : text), control) };
}

/** A number, text, date or yes and no. @type {(spec: Spec, value: any, changed: () => void) => Editor | null} */
function fieldEditor(spec, value, changed) {
  if (isObject(value) || Array.isArray(value)) return null;
  const dtype = spec.dtype && familyOf(spec.dtype) !== "any" ? spec.dtype : seemingDtype([value]);
  if (typeof value === "boolean") {
    const box = el("input", { type: "checkbox", "aria-label": spec.name, onchange: changed });
    box.checked = value;
    return withProblem(box, el("div", { class: "field" }, el("label", { class: "check" }, box, "true")), () => box.checked);
  }
  const long = typeof value === "string" && (value.length > 60 || value.includes("\n"));
  const field = el(long ? "textarea" : "input", { "aria-label": spec.name, autocomplete: "off", spellcheck: "false", class: isNumber(value) ? "number" : null, oninput: edit });
  field.value = show(value);
  if (long) field.rows = Math.min(10, 2 + Math.floor(field.value.length / 70));
  let current = value;
  const editor = withProblem(field, el("div", { class: "field" }, field), () => current);
  function edit() {
    const said = dtype === "object" ? { value: field.value === "" ? null : field.value, problem: null } : read(field.value, dtype);
    current = said.value;
    editor.tell(said.problem ?? "");
    changed();
  }
  return editor;
}

/** Any value, as JSON. While it is none, the last good one stays. @param {Spec} spec @param {any} value @param {() => void} changed @returns {Editor} */
function jsonEditor(spec, value, changed) {
  const area = el("textarea", { class: "code", "aria-label": `${spec.name} as JSON`, spellcheck: "false", oninput: edit });
  area.value = pretty(value);
  area.rows = Math.min(16, Math.max(2, area.value.split("\n").length));
  let current = value;
  const editor = withProblem(area, el("div", { class: "field" }, area), () => current);
  function edit() {
    try {
      current = parse(area.value);
      editor.tell("");
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      // a number or word with a typing mistake is still worth sending: the service says what it wants
      if (!(value instanceof ExactNumber) && !isObject(value) && !Array.isArray(value)) current = area.value;
      editor.tell(error.message);
    }
    changed();
  }
  return editor;
}

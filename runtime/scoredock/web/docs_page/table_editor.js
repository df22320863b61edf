// A table to type into: cells by arrows and Enter, blocks by paste, problems below the row that has them.

import { el, freshId, say } from "./dom.js";
import { familyOf, read, show } from "./cells.js";
import { readSheet } from "./sheet.js";

/** @typedef {import("./orients.js").Grid} Grid */

const MAX_CELLS = 1500; // inputs that a browser lays out without delay
const MAX_COLUMNS = 300;

/** Whether a grid can be shown as a table at all. @param {Grid | null} grid @returns {grid is Grid} */
export function isShowable(grid) {
  return grid !== null && grid.columns.length > 0 && grid.columns.length <= MAX_COLUMNS;
}

/** @param {{dtype: string}} column */
const isNumeric = (column) => ["integer", "number"].includes(familyOf(column.dtype));

export class TableEditor {
  /** @param {string} label @param {Grid} grid @param {() => void} changed */
  constructor(label, grid, changed) {
    this.label = label;
    this.grid = grid;
    this.changed = changed;
    /** @type {Map<string, string>} what is wrong with a cell, by "row,column" */
    this.problems = new Map();
    this.body = el("tbody");
    this.note = el("span", { class: "hint" });
    const heads = grid.columns.map((column) => el("th", { scope: "col", title: column.name, class: isNumeric(column) ? "right" : null }, el("span", {}, column.name), el("small", {}, column.dtype)));
    const table = el("table", { class: "editor" },
      el("caption", { class: "off-screen" }, `${label}: arrows move between cells, Enter goes down, Escape leaves the table`),
      el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "row-name" }, el("span", {}, "#")), ...heads, el("td"))), this.body);
    this.scroller = el("div", { class: "scroll", role: "region", "aria-label": `Table ${label}`, tabindex: "-1" }, table);
    this.add = el("button", { type: "button", class: "quiet", onclick: () => this.addRow() }, "Add row");
    this.element = el("div", { class: "table-editor" }, this.scroller, el("div", { class: "below" }, this.add, this.note));
    table.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.move(event));
    table.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => this.paste(event));
    table.addEventListener("input", (/** @type {Event} */ event) => this.edit(/** @type {HTMLInputElement} */ (event.target)));
    this.draw();
  }

  get shown() {
    return Math.min(this.grid.rows.length, Math.max(5, Math.floor(MAX_CELLS / this.grid.columns.length)));
  }

  draw() {
    this.body.replaceChildren(...this.grid.rows.slice(0, this.shown).map((_, row) => this.rowElement(row)));
    const { length } = this.grid.rows;
    this.note.textContent = length > this.shown
      ? `Rows 1 to ${this.shown} of ${length.toLocaleString("en")} are shown; all are sent. JSON has the others.`
      : "Paste cells from a spreadsheet into any cell.";
    for (const row of new Set([...this.problems.keys()].map((place) => Number(place.split(",")[0])))) this.drawProblems(row);
  }

  /** @param {number} row */
  rowElement(row) {
    const cells = this.grid.columns.map((column, place) => {
      const value = this.grid.rows[row][place];
      const input = el("input", {
        "data-row": row, "data-column": place, "aria-label": `${column.name}, row ${row + 1}`, autocomplete: "off", spellcheck: "false",
        class: isNumeric(column) ? "number" : null, placeholder: value === null ? "null" : null,
      });
      input.value = show(value);
      input.size = Math.min(24, Math.max(5, input.value.length, column.name.length));
      return el("td", {}, input);
    });
    const remove = el("button", { type: "button", class: "icon", "aria-label": `Remove row ${row + 1}`, onclick: () => this.removeRow(row) }, "×");
    return el("tr", { "data-row": row }, el("th", { scope: "row", class: "row-name" }, show(this.grid.labels?.[row] ?? row)), ...cells, el("td", {}, remove));
  }

  /** @param {number} row @param {number} column @returns {HTMLInputElement | null} */
  cell(row, column) {
    return this.body.querySelector(`input[data-row="${row}"][data-column="${column}"]`);
  }

  /** @param {HTMLInputElement} input */
  edit(input) {
    const [row, column] = [Number(input.dataset.row), Number(input.dataset.column)];
    this.put(row, column, input.value);
    this.drawProblems(row);
    this.changed();
  }

  /** @param {number} row @param {number} column @param {string} text @param {{decimalComma?: boolean}} [how] */
  put(row, column, text, how) {
    const { value, problem } = read(text, this.grid.columns[column].dtype, how);
    this.grid.rows[row][column] = value;
    if (problem) this.problems.set(`${row},${column}`, problem);
    else this.problems.delete(`${row},${column}`);
  }

  /** Say what is wrong with a cell, below its row. @param {number} row @param {number} column @param {string} problem @returns {HTMLElement | null} */
  mark(row, column, problem) {
    this.problems.set(`${row},${column}`, problem);
    this.drawProblems(row);
    return this.cell(row, column);
  }

  /** Forget what the service said. */
  clear() {
    const rows = new Set([...this.problems.keys()].map((place) => Number(place.split(",")[0])));
    this.problems.clear();
    for (const row of rows) this.drawProblems(row);
  }

  /** @param {number} row */
  drawProblems(row) {
    const line = this.body.querySelector(`tr[data-row="${row}"]`);
    if (!line) return;
    if (line.nextElementSibling?.className === "problem") line.nextElementSibling.remove();
    const id = freshId("problem");
    /** @type {string[]} */
    const texts = [];
    this.grid.columns.forEach((column, place) => {
      const problem = this.problems.get(`${row},${place}`);
      const input = /** @type {HTMLElement} */ (this.cell(row, place));
      if (problem) texts.push(`${column.name}: ${problem}`);
      if (problem) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      if (problem) input.setAttribute("aria-describedby", id);
      else input.removeAttribute("aria-describedby");
    });
    if (texts.length) line.after(el("tr", { class: "problem" }, el("td", { colspan: this.grid.columns.length + 2 }, el("span", { id }, texts.join("; ")))));
  }

  addRow() {
    this.grid.rows.push(this.emptyRow());
    if (this.grid.labels) this.grid.labels.length = Math.min(this.grid.labels.length, this.grid.rows.length - 1);
    this.draw();
    this.changed();
    this.cell(this.grid.rows.length - 1, 0)?.focus();
  }

  /** A new row is like the last one: a good start, and of the right types. */
  emptyRow() {
    return [...(this.grid.rows.at(-1) ?? this.grid.columns.map((column) => (familyOf(column.dtype) === "text" ? "" : null)))];
  }

  /** @param {number} row */
  removeRow(row) {
    this.grid.rows.splice(row, 1);
    this.grid.labels?.splice(row, 1);
    this.problems.clear();
    this.draw();
    this.changed();
    say(`Row ${row + 1} removed`);
    (this.cell(Math.min(row, this.grid.rows.length - 1), 0) ?? this.add).focus();
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    if (input.tagName !== "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, column] = [Number(input.dataset.row), Number(input.dataset.column)];
    const whole = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    const atStart = whole || input.selectionEnd === 0;
    const atEnd = whole || input.selectionStart === input.value.length;
    let next = null;
    if (event.key === "ArrowUp") next = this.cell(row - 1, column);
    else if (event.key === "ArrowDown") next = this.cell(row + 1, column);
    else if (event.key === "ArrowLeft" && atStart) next = this.cell(row, column - 1);
    else if (event.key === "ArrowRight" && atEnd) next = this.cell(row, column + 1);
    else if (event.key === "Escape") this.add.focus();
    else if (event.key === "Enter") {
      event.preventDefault();
      if (row === this.grid.rows.length - 1) this.addRow();
      next = this.cell(row + 1, column);
    }
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.select();
  }

  /** @param {ClipboardEvent} event */
  paste(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const { rows, decimalComma } = readSheet(event.clipboardData?.getData("text/plain") ?? "");
    if (input.tagName !== "INPUT" || (rows.length === 1 && rows[0].length === 1)) return;
    event.preventDefault();
    const [from, left] = [Number(input.dataset.row), Number(input.dataset.column)];
    const names = this.grid.columns.map((column) => column.name);
    const headed = rows.length > 1 && rows[0].every((name) => names.includes(name.trim()));
    const places = rows[0].map((name, place) => (headed ? names.indexOf(name.trim()) : left + place));
    const lines = headed ? rows.slice(1) : rows;
    lines.forEach((line, place) => {
      if (from + place === this.grid.rows.length) this.grid.rows.push(this.emptyRow());
      line.forEach((text, at) => {
        const column = headed ? places[at] : left + at;
        if (column !== undefined && column < names.length) this.put(from + place, column, text, { decimalComma });
      });
    });
    this.draw();
    this.changed();
    this.element.dispatchEvent(new Event("input", { bubbles: true })); // a paste that we take ourselves makes none
    const lost = Math.max(0, Math.max(...lines.map((line) => line.length)) - (headed ? names.length : names.length - left));
    say(`Pasted ${lines.length} rows${lost ? `; ${lost} columns had no place` : ""}`);
    if (lost) this.note.textContent = `${lost} pasted ${lost === 1 ? "column" : "columns"} had no place in the table.`;
    this.cell(from, left)?.focus();
  }
}

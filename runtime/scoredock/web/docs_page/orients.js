// Frames and arrays as JSON, in every orient that pandas writes, to a grid of rows and back.

import { isObject } from "./json.js";
import { seemingDtype } from "./cells.js";

/**
 * @typedef {{name: string, dtype: string}} Column
 * @typedef {{columns: Column[], rows: any[][], labels: any[] | null, frame: any}} Grid
 * `labels` are the rows' own names, `frame` what an orient has beside rows; a value of undefined is a missing one.
 */

/** @param {any[]} rows @param {string[]} names @param {Column[] | null} columns @returns {Column[]} */
function columnsOf(rows, names, columns) {
  const dtypes = new Map((columns ?? []).map((column) => [column.name, column.dtype]));
  return names.map((name, place) => ({ name, dtype: dtypes.get(name) ?? seemingDtype(rows.map((row) => row[place])) }));
}

/** @param {any[]} records @param {Column[] | null} columns @param {any[] | null} labels @param {any} [frame] @param {string[]} [without] @returns {Grid | null} */
function ofRecords(records, columns, labels, frame = null, without = []) {
  if (!records.every(isObject)) return null;
  const names = new Set((columns ?? []).map((column) => column.name));
  for (const record of records) for (const name of Object.keys(record)) names.add(name);
  for (const name of without) names.delete(name);
  const ordered = [...names];
  const rows = records.map((record) => ordered.map((name) => (Object.hasOwn(record, name) ? record[name] : undefined)));
  return { columns: columnsOf(rows, ordered, columns), rows, labels, frame };
}

/** @param {any[]} rows @param {any[]} names @param {Column[] | null} columns @param {any[] | null} labels @returns {Grid | null} */
function ofRows(rows, names, columns, labels) {
  if (!rows.every((row) => Array.isArray(row) && row.length === names.length)) return null;
  const texts = names.map((name) => (Array.isArray(name) ? name.join(" · ") : String(name)));
  return { columns: columnsOf(rows, texts, columns), rows: rows.map((row) => [...row]), labels, frame: { names } };
}

/**
 * The grid of a frame's JSON; null when the value is none in this orient.
 * @param {any} value @param {string | null} orient @param {Column[] | null} columns @returns {Grid | null}
 */
export function frameToGrid(value, orient, columns) {
  switch (orient) {
    case "values":
      return Array.isArray(value) ? ofRows(value, columns?.map((column) => column.name) ?? Object.keys(value[0] ?? []), columns, null) : null;
    case "split":
      if (!isObject(value) || !Array.isArray(value.data) || !Array.isArray(value.columns)) return null;
      return ofRows(value.data, value.columns, columns, Array.isArray(value.index) ? [...value.index] : null);
    case "index":
      return isObject(value) ? ofRecords(Object.values(value), columns, Object.keys(value)) : null;
    case "columns": {
      if (!isObject(value) || !Object.values(value).every(isObject)) return null;
      const names = Object.keys(value);
      const labels = [...new Set(names.flatMap((name) => Object.keys(value[name])))];
      return ofRows(labels.map((label) => names.map((name) => value[name][label])), names, columns, labels);
    }
    case "table": {
      if (!isObject(value) || !Array.isArray(value.data) || !isObject(value.schema)) return null;
      const keys = [value.schema.primaryKey ?? []].flat();
      const labels = keys.length === 1 ? value.data.map((/** @type {any} */ row) => row?.[keys[0]]) : null;
      return ofRecords(value.data, columns, labels, { ...value, key: keys[0] }, labels ? keys : []);
    }
    default:
      return Array.isArray(value) ? ofRecords(value, columns, null) : null;
  }
}

/** The names of rows: those they came with; new rows count on. @param {Grid} grid @returns {any[]} */
function labelsOf({ labels, rows }) {
  const taken = new Set((labels ?? []).map(String));
  let next = 0;
  return rows.map((_, place) => {
    const label = labels?.[place];
    if (label !== undefined) return label;
    if (!labels) return place;
    while (taken.has(String(next))) next += 1;
    taken.add(String(next));
    return next;
  });
}

/** @param {Column[]} columns @param {any[]} row */
function record(columns, row) {
  return Object.fromEntries(columns.map((column, place) => [column.name, row[place]]).filter(([, value]) => value !== undefined));
}

/** @param {any[]} row */
const filled = (row) => row.map((value) => value ?? null);

/** The JSON of a grid in an orient. @param {Grid} grid @param {string | null} orient @returns {any} */
export function gridToFrame(grid, orient) {
  const { columns, rows, frame } = grid;
  switch (orient) {
    case "values":
      return rows.map(filled);
    case "split":
      return { columns: frame?.names ?? columns.map((column) => column.name), index: labelsOf(grid), data: rows.map(filled) };
    case "index": {
      const labels = labelsOf(grid);
      return Object.fromEntries(rows.map((row, place) => [labels[place], record(columns, row)]));
    }
    case "columns": {
      const labels = labelsOf(grid);
      return Object.fromEntries(columns.map((column, at) => [column.name, Object.fromEntries(rows.map((row, place) => [labels[place], row[at] ?? null]))]));
    }
    case "table": {
      const { key, ...rest } = frame ?? { schema: {} };
      const labels = labelsOf(grid);
      return { ...rest, data: rows.map((row, place) => (key === undefined ? record(columns, row) : { [key]: labels[place], ...record(columns, row) })) };
    }
    default:
      return rows.map((row) => record(columns, row));
  }
}

/** @param {any} value */
const isLeaf = (value) => !Array.isArray(value) && !isObject(value);

/**
 * The grid of an array of one or two dimensions, or of rows as objects; null for any other.
 * @param {any} value @param {string | null} dtype @param {number | null} [width] columns that an empty one has
 * @returns {Grid | null}
 */
export function arrayToGrid(value, dtype, width = null) {
  if (!Array.isArray(value)) return null;
  if (value.length && value.every(isObject)) return { .../** @type {Grid} */ (ofRecords(value, null, null)), frame: { shape: "records" } };
  const flat = value.length ? value.every(isLeaf) : width === null;
  if (flat) {
    const rows = value.map((item) => [item]);
    return { columns: [{ name: "value", dtype: dtype ?? seemingDtype(value) }], rows, labels: null, frame: { shape: "flat" } };
  }
  const names = value.length ? Object.keys(value[0]) : Array.from({ length: width ?? 0 }, (_, place) => String(place));
  const grid = value.every((row) => Array.isArray(row) && row.every(isLeaf)) ? ofRows(value, names, null, null) : null;
  if (!grid || !names.length) return null;
  const columns = grid.columns.map((column) => ({ name: column.name, dtype: dtype ?? column.dtype }));
  return { ...grid, columns, frame: { shape: "rows" } };
}

/** The JSON of an array's grid. @param {Grid} grid @returns {any} */
export function gridToArray(grid) {
  if (grid.frame?.shape === "flat") return grid.rows.map((row) => row[0] ?? null);
  return grid.frame?.shape === "records" ? gridToFrame(grid, "records") : grid.rows.map(filled);
}

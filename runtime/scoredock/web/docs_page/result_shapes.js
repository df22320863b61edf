// What a result can be shown as: the rows of a table, the bars of a chart.

import { isNumber, isObject } from "./json.js";

/**
 * @typedef {{columns: string[], rows: any[][]}} Table
 * @typedef {{name: string, labels: string[], values: number[], scores: boolean}} Bars `scores`: sorted, largest first
 */

/** @param {any} value */
const isLeaf = (value) => !Array.isArray(value) && !isObject(value);

/** What an object with one list or object in it is about: {"Results": [...]} is about the list. @param {any} result @returns {any} */
function inner(result) {
  const keys = isObject(result) ? Object.keys(result) : [];
  return keys.length === 1 && !isLeaf(result[keys[0]]) ? inner(result[keys[0]]) : result;
}

/** The table of a result, or null. @param {any} result @returns {Table | null} */
export function tableOf(result) {
  const value = inner(result);
  if (Array.isArray(value) && value.length) {
    if (value.every(isLeaf)) return { columns: ["value"], rows: value.map((item) => [item]) };
    if (value.every(isObject)) {
      const columns = [...new Set(value.flatMap((row) => Object.keys(row)))];
      return { columns, rows: value.map((row) => columns.map((name) => row[name])) };
    }
    if (value.every((row) => Array.isArray(row) && row.every(isLeaf))) {
      const width = value.reduce((most, row) => Math.max(most, row.length), 0);
      return { columns: Array.from({ length: width }, (_, place) => String(place)), rows: value };
    }
    return null;
  }
  if (!isObject(value) || !Object.keys(value).length) return null;
  const columns = Object.keys(value);
  const lists = Object.values(value);
  if (lists.every((list) => Array.isArray(list) && list.length === lists[0].length && list.every(isLeaf)) && lists[0].length) {
    return { columns, rows: lists[0].map((/** @type {any} */ _, /** @type {number} */ place) => lists.map((list) => list[place])) };
  }
  return lists.every(isLeaf) ? { columns: ["name", "value"], rows: columns.map((name) => [name, value[name]]) } : null;
}

/** @param {string} name @param {string[]} labels @param {any[]} values @returns {Bars} */
function scores(name, labels, values) {
  const order = values.map((_, place) => place).sort((a, b) => Number(values[b]) - Number(values[a]));
  return { name, labels: order.map((place) => labels[place]), values: order.map((place) => Number(values[place])), scores: true };
}

/** Whether these look like the scores of classes: shares that make a whole. @param {any[]} values */
function areShares(values) {
  return values.length > 1 && values.every((value) => isNumber(value) && Number(value) >= 0 && Number(value) <= 1) && Math.abs(values.reduce((sum, value) => sum + Number(value), 0) - 1) < 0.02;
}

/** The charts that a result can be drawn as; none when it has no two numbers to compare. @param {any} result @returns {Bars[]} */
export function barsOf(result) {
  const value = inner(result);
  if (isObject(value) && areShares(Object.values(value))) return [scores("scores", Object.keys(value), Object.values(value))];
  const one = Array.isArray(value) && value.length === 1 ? value[0] : null;
  if (isObject(one) && areShares(Object.values(one))) return [scores("scores", Object.keys(one), Object.values(one))];
  if (Array.isArray(one) && one.length > 1 && one.every(isNumber)) return [scores("scores", one.map((_, place) => `class ${place}`), one)];
  const table = tableOf(result);
  if (!table || table.rows.length < 2 || (isObject(value) && isLeaf(Object.values(value)[0]))) return [];
  return table.columns.flatMap((name, place) => {
    const values = table.rows.map((row) => row[place]);
    if (!values.every(isNumber)) return [];
    return [{ name, labels: values.map((_, row) => String(row)), values: values.map(Number), scores: false }];
  });
}

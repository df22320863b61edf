// What stands in a cell or field, as text, and the JSON value that it means for a dtype.

import { ExactNumber, compact, isNumber, numberOf, parse } from "./json.js";

/** @typedef {"integer" | "number" | "boolean" | "date" | "text" | "any"} Family */

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const TRUE = /^(?:true|yes|wahr|vrai)$/i;
const FALSE = /^(?:false|no|falsch|faux)$/i;
const EXPECTED = { integer: "an integer", number: "a number", boolean: "true or false", date: "a date such as 2024-05-31T12:00:00" };

/** The family that a dtype's name, NumPy's, pandas' or Python's, belongs to. @param {string | null | undefined} dtype @returns {Family} */
export function familyOf(dtype) {
  const name = (dtype ?? "").toLowerCase();
  if (/^u?int\d*$|^integer$/.test(name)) return "integer";
  if (/^float\d*$|^double$|^number$|^decimal$/.test(name)) return "number";
  if (/^bool/.test(name)) return "boolean";
  if (/^date|^time/.test(name)) return "date";
  if (/^str|^<u|^text$|^unicode/.test(name)) return "text";
  return "any";
}

/** The dtype that values seem to have, where nobody says it. @param {any[]} values @returns {string} */
export function seemingDtype(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (!known.length) return "object";
  if (known.every((value) => typeof value === "boolean")) return "bool";
  if (known.every(isNumber)) return known.every((value) => INTEGER.test(String(value))) ? "integer" : "number";
  return known.every((value) => typeof value === "string") ? "str" : "object";
}

/** What a cell shows of a value. @param {any} value @returns {string} */
export function show(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" && !(value instanceof ExactNumber) ? compact(value) : String(value);
}

/** A number as people type or paste it as JSON writes it, or null. @param {string} text @param {boolean} decimalComma */
function numberText(text, decimalComma) {
  let plain = text.replace(/^\+/, "").replace(/^(-?)\./, "$10.").replace(/\.(?=$|[eE])/, "");
  if (decimalComma && /^-?\d+,\d+(?:[eE][-+]?\d+)?$/.test(plain)) plain = plain.replace(",", ".");
  if (/^-?0\d/.test(plain)) plain = plain.replace(/^(-?)0+(?=\d)/, "$1");
  return JSON_NUMBER.test(plain) ? plain : null;
}

/**
 * The JSON value of a cell's text. What does not fit is sent as the text that it is, with the problem in words:
 * the service has the last word.
 * @param {string} text @param {string | null | undefined} dtype
 * @param {{decimalComma?: boolean}} [how] whether 1,5 is a number
 * @returns {{value: any, problem: string | null}}
 */
export function read(text, dtype, { decimalComma = false } = {}) {
  const family = familyOf(dtype);
  if (family === "text") return { value: text, problem: null };
  const trimmed = text.trim();
  if (!trimmed) {
    const missing = family === "integer" || family === "boolean" ? `expected ${EXPECTED[family]}, got nothing` : null;
    return { value: null, problem: missing };
  }
  if (family === "any") return { value: anyValue(text), problem: null };
  if (family === "boolean") {
    if (TRUE.test(trimmed)) return { value: true, problem: null };
    if (FALSE.test(trimmed)) return { value: false, problem: null };
  } else {
    const number = numberText(trimmed, decimalComma);
    const fits = family === "integer" ? number && INTEGER.test(number) : number;
    if (fits) return { value: numberOf(/** @type {string} */ (number)), problem: null };
    if (family === "number" && /^(?:nan|[-+]?inf(?:inity)?)$/i.test(trimmed)) return { value: trimmed, problem: null };
    if (family === "date" && /^\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d.*)?)?$|^\d\d:\d\d/.test(trimmed)) return { value: trimmed, problem: null };
  }
  return { value: text, problem: `expected ${EXPECTED[family]}, got ${JSON.stringify(trimmed)}` };
}

/** Text of an unknown type: a list or dictionary where it is one, else a string. @param {string} text @returns {any} */
function anyValue(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return parse(text);
  } catch {
    return text;
  }
}

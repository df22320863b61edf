// The same call in other words: curl, Python, JavaScript, PowerShell. A key is named, never shown.

import { ExactNumber, isObject, pretty } from "./json.js";

/**
 * @typedef {{method: string, url: string, contentType: string | null, json?: any, text?: string,
 *   file?: {name: string, field: string | null} | null, key: boolean}} Call
 * `json` is a body as a value, `text` the body as it is sent, `file` one that is read from a file
 */

/** @param {string} text */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
/** PowerShell takes curly quotes for quotes, too. @param {string} text */
const power = (text) => `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
/** @param {string} text */
const quoted = (text) => JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

/** Names a file so that no tool takes it for an option or a folder's. @param {string} name */
const local = (name) => name.replace(/^-/, "./-");

/** @param {Call} call */
export function curl(call) {
  const lines = [`curl ${call.method === "GET" ? "" : `-X ${call.method} `}${shell(call.url)}`];
  if (call.key) lines.push('-H "Authorization: Bearer $SCOREDOCK_KEY"');
  if (call.contentType && !call.file?.field) lines.push(`-H ${shell(`Content-Type: ${call.contentType}`)}`);
  if (call.file?.field) lines.push(`-F ${shell(`${call.file.field}=@"${local(call.file.name).replace(/["\\]/g, "\\$&")}"`)}`);
  else if (call.file) lines.push(`--data-binary ${shell(`@${local(call.file.name)}`)}`);
  else if (call.text !== undefined) lines.push(`--data-raw ${shell(call.text)}`);
  return lines.join(" \\\n  ");
}

/** A JSON value as Python writes it. @param {any} value @param {string} [indent] @returns {string} */
function python(value, indent = "") {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quoted(value);
  if (!Array.isArray(value) && !isObject(value)) return String(value);
  const inner = `${indent}    `;
  const items = Array.isArray(value)
    ? value.map((item) => python(item, inner))
    : Object.keys(value).map((key) => `${quoted(key)}: ${python(value[key], inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const line = `${open}${items.join(", ")}${close}`;
  if (line.length + indent.length <= 88 && !line.includes("\n")) return line;
  return `${open}\n${items.map((item) => `${inner}${item},`).join("\n")}\n${indent}${close}`;
}

/** @param {Call} call */
export function pythonRequests(call) {
  const headers = [];
  if (call.key) headers.push('"Authorization": "Bearer " + os.environ["SCOREDOCK_KEY"]');
  if (call.contentType && !call.file?.field && call.json === undefined) headers.push(`"Content-Type": ${quoted(call.contentType)}`);
  const lines = call.key ? ["import os", "", "import requests", ""] : ["import requests", ""];
  const more = [];
  if (call.file) {
    lines.push(`body = open(${quoted(call.file.name)}, "rb")`);
    more.push(call.file.field ? `files={${quoted(call.file.field)}: body}` : "data=body");
  } else if (call.json !== undefined) {
    lines.push(`body = ${python(call.json)}`);
    more.push("json=body");
  } else if (call.text !== undefined) {
    lines.push(`body = ${quoted(call.text)}`);
    more.push('data=body.encode("utf-8")');
  }
  if (headers.length) more.push(`headers={${headers.join(", ")}}`);
  lines.push(`answer = requests.${call.method.toLowerCase()}(`, `    ${quoted(call.url)},`, ...more.map((one) => `    ${one},`), ")");
  lines.push("answer.raise_for_status()", "print(answer.text)");
  return lines.join("\n");
}

/** Whether a value has numbers that JavaScript would change. @param {any} value @returns {boolean} */
function isExact(value) {
  if (value instanceof ExactNumber) return !/^-?\d+\.0+$/.test(value.text);
  return typeof value === "object" && value !== null && Object.values(value).some(isExact);
}

/** @param {Call} call */
export function javascript(call) {
  const headers = [];
  if (call.key) headers.push("Authorization: `Bearer ${process.env.SCOREDOCK_KEY}`");
  if (call.contentType && !call.file?.field) headers.push(`"Content-Type": ${quoted(call.contentType)}`);
  const lines = [];
  const options = [`  method: ${quoted(call.method)},`];
  if (headers.length) options.push(`  headers: { ${headers.join(", ")} },`);
  if (call.file) {
    lines.push('import { readFile } from "node:fs/promises";', "");
    const file = `await readFile(${quoted(call.file.name)})`;
    if (call.file.field) {
      lines.push("const form = new FormData();", `form.set(${quoted(call.file.field)}, new Blob([${file}]), ${quoted(call.file.name)});`, "");
      options.push("  body: form,");
    } else options.push(`  body: ${file},`);
  } else if (call.json !== undefined && !isExact(call.json)) {
    lines.push(`const body = ${pretty(call.json)};`, "");
    options.push("  body: JSON.stringify(body),");
  } else if (call.text !== undefined) options.push(`  body: ${quoted(call.text)},`);
  lines.push(`const answer = await fetch(${quoted(call.url)}, {`, ...options, "});");
  lines.push("if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);", "console.log(await answer.text());");
  return lines.join("\n");
}

/** @param {Call} call */
export function powershell(call) {
  const parts = [`Invoke-RestMethod -Method ${call.method} -Uri ${power(call.url)}`];
  if (call.key) parts.push('-Headers @{ Authorization = "Bearer $env:SCOREDOCK_KEY" }');
  if (call.contentType && !call.file?.field) parts.push(`-ContentType ${power(call.contentType)}`);
  if (call.file?.field) parts.push(`-Form @{ ${power(call.file.field)} = Get-Item -LiteralPath ${power(call.file.name)} }`);
  else if (call.file) parts.push(`-InFile ${power(call.file.name)}`);
  // bytes: older versions send text in the machine's own encoding
  else if (call.text !== undefined) parts.push(`-Body ([Text.Encoding]::UTF8.GetBytes(${power(call.text)}))`);
  return parts.join(" `\n  ");
}

/** @type {{name: string, write: (call: Call) => string}[]} */
export const LANGUAGES = [
  { name: "curl", write: curl },
  { name: "Python", write: pythonRequests },
  { name: "JavaScript", write: javascript },
  { name: "PowerShell", write: powershell },
];

// Everything that this page asks of its service. Addresses are relative: the service may stand behind a path prefix.

import { parse } from "./json.js";
import { keyHeader } from "./key.js";

/**
 * @typedef {{status: number, headers: Headers, blob: Blob, totalMs: number}} Answer
 * @typedef {{method: string, query?: string, headers?: Record<string, string>, body?: BodyInit | null}} Request
 */

/** One of the page's own documents. @param {string} path @returns {Promise<{status: number, value: any}>} */
export async function read(path) {
  const answer = await fetch(path, { headers: keyHeader(), cache: "no-store", redirect: "error" });
  const text = await answer.text();
  try {
    return { status: answer.status, value: parse(text) };
  } catch {
    return { status: answer.status, value: null };
  }
}

/** The address of /score, absolute, for snippets. @param {string} [query] */
export function scoreAddress(query = "") {
  return new URL(`score${query ? `?${query}` : ""}`, document.baseURI).href;
}

/** Send a request to /score and wait for all of its answer. @param {Request} request @param {AbortSignal} signal @returns {Promise<Answer>} */
export async function score({ method, query, headers, body }, signal) {
  const started = performance.now();
  const answer = await fetch(scoreAddress(query), {
    method,
    headers: { ...headers, ...keyHeader() },
    body: method === "GET" ? null : body,
    signal,
    cache: "no-store",
  });
  const blob = await answer.blob();
  return { status: answer.status, headers: answer.headers, blob, totalMs: performance.now() - started };
}

/** @type {Record<number, string>} */
const WORDS = {
  200: "OK", 201: "Created", 202: "Accepted", 204: "No content", 400: "Bad request", 401: "Key wanted", 403: "Forbidden",
  404: "Not found", 405: "Method not allowed", 408: "Too slow", 413: "Too large", 415: "Wrong content type",
  422: "Unprocessable", 429: "Too busy", 431: "Header too long", 500: "Server error", 502: "Bad gateway", 503: "Not ready", 504: "Gateway timeout",
};

/** A status in words. @param {number} status */
export function statusWords(status) {
  return WORDS[status] ?? (status < 400 ? "Answered" : "Failed");
}

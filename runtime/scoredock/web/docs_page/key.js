// The key of a service that wants one. It lives in this variable alone: no storage, no address, no snippet has it.

import { byId } from "./dom.js";

let key = "";

/** The header that opens the door; none without a key. @returns {Record<string, string>} */
export function keyHeader() {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Forget the key. */
export function forgetKey() {
  key = "";
}

/**
 * Ask for the key until `tryIt` is content with it.
 * @param {string} why what the service said @param {() => Promise<string | null>} tryIt what is wrong with it, or null
 */
export function askForKey(why, tryIt) {
  const form = byId("key-form");
  const field = byId("key");
  const problem = byId("key-problem");
  form.hidden = false;
  problem.textContent = why;
  field.focus();
  form.onsubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    key = field.value.trim();
    const refused = key ? await tryIt() : "Enter a key.";
    problem.textContent = refused ?? "";
    field.setAttribute("aria-invalid", String(refused !== null));
    if (refused !== null) {
      field.focus();
      return;
    }
    field.value = "";
    form.hidden = true;
  };
}

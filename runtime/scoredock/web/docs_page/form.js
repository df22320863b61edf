// The form that a script's kind asks for.

import { rawForm } from "./raw_form.js";
import { schemaForm } from "./schema_form.js";
import { textForm } from "./text_form.js";

/**
 * @typedef {{method: string, query?: string, contentType: string | null, body: BodyInit | null, text?: string, json?: any,
 *   file?: {name: string, field: string | null}}} Draft
 * @typedef {{element: HTMLElement, request: () => Draft | null, state: () => any, restore: (state: any) => void,
 *   clear: () => void, mark: (message: string) => HTMLElement | null}} Form
 * `request` is null when the form has to be put right first (it says what); `mark` shows a message beside the field
 * that it names and returns what to focus, or null when it names none
 */

/** @param {any} service @returns {Form} */
export function makeForm(service) {
  if (service.script.kind === "raw") return rawForm();
  if (service.script.kind === "text") return textForm(service.arguments[0]?.sample);
  return schemaForm(service.arguments, service.body);
}

// Where an error is: the path at the beginning of a message, as steps into the request's body.

import { isObject } from "./json.js";

/**
 * The steps of a message's path (`Inputs.rows[1].age: expected …` gives Inputs, rows, 1, age) and what is said
 * there; null when the message names no part of the body. Names may hold dots, brackets and colons: those of the
 * body itself are tried first, the longest before the others.
 * @param {string} message @param {any} body @param {string[]} [names] what the body may hold beside what it does
 * @returns {{steps: (string | number)[], text: string} | null}
 */
export function readPath(message, body, names = []) {
  /** @type {(string | number)[]} */
  const steps = [];
  let rest = message;
  let here = body;
  let known = [...names, ...(isObject(body) ? Object.keys(body) : [])];
  let first = true;
  for (;;) {
    if (!first && rest.startsWith(": ")) return { steps, text: rest.slice(2) };
    const index = /^\[(\d+)\]/.exec(rest);
    if (index && !first) {
      steps.push(Number(index[1]));
      rest = rest.slice(index[0].length);
      known = keysOf(here);
      here = here?.[Number(index[1])];
      known = [...keysOf(here), ...known];
      continue;
    }
    if (!first && !rest.startsWith(".")) return null;
    const tail = first ? rest : rest.slice(1);
    const name = known.filter((key) => tail.startsWith(key) && /^(?:: |\.|\[)/.test(tail.slice(key.length))).sort((a, b) => b.length - a.length)[0];
    const step = name ?? (first ? undefined : /^[^.[:]+/.exec(tail)?.[0]);
    if (step === undefined) return null;
    steps.push(step);
    rest = tail.slice(step.length);
    here = isObject(here) ? here[step] : undefined;
    known = keysOf(here);
    first = false;
  }
}

/** The keys of an object, or of the objects in a list. @param {any} value @returns {string[]} */
function keysOf(value) {
  if (isObject(value)) return Object.keys(value);
  if (!Array.isArray(value)) return [];
  return [...new Set(value.slice(0, 50).filter(isObject).flatMap((item) => Object.keys(item)))];
}

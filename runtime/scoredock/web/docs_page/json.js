// JSON that loses nothing: a number whose text JavaScript would change (2**53 + 1, 1.0) stays its text.

/** A number as it was written. */
export class ExactNumber {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }

  valueOf() {
    return Number(this.text);
  }
}

/** What is wrong with a text that should be JSON, and where: line and column count from 1. */
export class JsonError extends Error {
  /** @param {string} what @param {string} text @param {number} at */
  constructor(what, text, at) {
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    super(`line ${line}, column ${column}: ${what}`);
    this.line = line;
    this.column = column;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const MAX_DEPTH = 500;

/** @param {string} text @returns {number | ExactNumber} */
export function numberOf(text) {
  const number = Number(text);
  return String(number) === text ? number : new ExactNumber(text);
}

/** @param {unknown} value */
export function isNumber(value) {
  return typeof value === "number" || value instanceof ExactNumber;
}

/** @param {unknown} value @returns {value is Record<string, any>} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** The value of a JSON text. Throws JsonError. @param {string} text @returns {any} */
export function parse(text) {
  let at = 0;

  /** @param {string} what @param {number} [where] @returns {never} */
  function fail(what, where = at) {
    throw new JsonError(what, text, where);
  }

  function skip() {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      at += 1;
    }
  }

  function found() {
    return at < text.length ? `got ${JSON.stringify(String.fromCodePoint(/** @type {number} */ (text.codePointAt(at))))}` : "the text ends";
  }

  /** @returns {string} */
  function string() {
    const from = at;
    for (at += 1; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 34) break;
      if (code === 92) at += 1;
      else if (code < 32 || at >= text.length) fail('this string is not closed by "', from);
    }
    at += 1;
    const literal = text.slice(from, at);
    if (!literal.includes("\\")) return literal.slice(1, -1);
    try {
      return JSON.parse(literal);
    } catch {
      return fail("this string has a wrong escape after a backslash", from);
    }
  }

  /** @param {number} depth @returns {any} */
  function value(depth) {
    if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels`);
    skip();
    const mark = text[at];
    if (mark === '"') return string();
    if (mark === "[") return array(depth);
    if (mark === "{") return object(depth);
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text);
    if (number) {
      at += number[0].length;
      return numberOf(number[0]);
    }
    for (const [word, meant] of /** @type {[string, any][]} */ ([["true", true], ["false", false], ["null", null]])) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meant;
      }
    }
    return fail(`expected a value, ${found()}`);
  }

  /** Read what stands up to a closing bracket, with commas between. @param {string} close @param {() => void} readOne */
  function readAll(close, readOne) {
    at += 1;
    skip();
    if (text[at] === close) {
      at += 1;
      return;
    }
    for (;;) {
      readOne();
      skip();
      const mark = text[at];
      if (mark !== "," && mark !== close) fail(`expected , or ${close}, ${found()}`);
      at += 1;
      if (mark === close) return;
    }
  }

  /** @param {number} depth */
  function array(depth) {
    /** @type {any[]} */
    const items = [];
    readAll("]", () => items.push(value(depth + 1)));
    return items;
  }

  /** @param {number} depth */
  function object(depth) {
    /** @type {Record<string, any>} */
    const made = {};
    readAll("}", () => {
      skip();
      if (text[at] !== '"') fail(`expected a name in double quotes, ${found()}`);
      const name = string();
      skip();
      if (text[at] !== ":") fail(`expected : after the name, ${found()}`);
      at += 1;
      const item = value(depth + 1);
      if (name === "__proto__") Object.defineProperty(made, name, { value: item, enumerable: true, configurable: true, writable: true });
      else made[name] = item;
    });
    return made;
  }

  const whole = value(0);
  skip();
  if (at < text.length) fail(`expected the end, ${found()}`);
  return whole;
}

/** A value as JSON on one line. @param {any} value @returns {string} */
export function compact(value) {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(compact).join(", ")}]`;
  if (isObject(value)) return `{${Object.keys(value).map((key) => `${JSON.stringify(key)}: ${compact(value[key])}`).join(", ")}}`;
  return JSON.stringify(value) ?? "null";
}

/** Items, as many on a line as it has room for. @param {string[]} items @param {number} width @param {string} indent */
function filled(items, width, indent) {
  let text = indent;
  let used = indent.length;
  items.forEach((item, place) => {
    const last = place === items.length - 1;
    if (place && used + item.length + 2 > width) {
      text += `\n${indent}`;
      used = indent.length;
    } else if (place) text += " ";
    text += last ? item : `${item},`;
    used += item.length + 2;
  });
  return text;
}

/**
 * A value as JSON to read: what fits a line of `width` characters stands on one.
 * @param {any} value @param {number} [width] @param {string} [indent] @param {number} [taken] characters before it
 * @returns {string}
 */
export function pretty(value, width = 88, indent = "", taken = indent.length) {
  const items = Array.isArray(value) ? value : isObject(value) ? Object.keys(value) : null;
  if (!items || !items.length) return compact(value);
  if (items.length * 2 < width) {
    const line = compact(value);
    if (line.length + taken <= width) return line;
  }
  const inner = `${indent}  `;
  if (Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null || item instanceof ExactNumber)) {
    return `[\n${filled(value.map(compact), width, inner)}\n${indent}]`;
  }
  const lines = Array.isArray(value)
    ? value.map((item) => inner + pretty(item, width, inner))
    : items.map((key) => {
        const name = `${inner}${JSON.stringify(key)}: `;
        return name + pretty(value[key], width, inner, name.length);
      });
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { ExactNumber, JsonError, compact, parse, pretty } from "../../../runtime/scoredock/web/docs_page/json.js";

test("what is read is written as it was", () => {
  for (const text of ["0", "-1", "1.0", "0.020", "1E400", "9007199254740993", "-170141183460469231731687303715884105728", "true", "null", '"a\\"b\\u00e9\\n"', "[]", "{}", '{"a": [1, {"b": 2.50}]}']) {
    assert.deepEqual(parse(compact(parse(text))), parse(text));
    if (/^[-\d]/.test(text)) assert.equal(compact(parse(text)), text);
  }
});

test("numbers that JavaScript holds are its numbers", () => {
  assert.equal(parse("12.5"), 12.5);
  assert.ok(parse("9007199254740993") instanceof ExactNumber);
  assert.equal(Number(parse("1.0")), 1);
});

test("agrees with JSON.parse on texts without such numbers", () => {
  const texts = ['{"a":[1,2,{"b":null}],"":"x\\u2028y","é":"😀"}', " [ true , false ]\n", '"\\ud83d\\ude00"', "[[[[]]]]", '{"__proto__": 1}', '{"a":1,"a":2}'];
  for (const text of texts) assert.deepEqual(parse(text), JSON.parse(text));
  assert.equal(Object.getPrototypeOf(parse('{"__proto__": {"x": 1}}')), Object.prototype);
});

test("refuses what JSON.parse refuses", () => {
  for (const text of ["", " ", "01", "1.", ".5", "+1", "[1,]", "{,}", '{"a"}', "{a:1}", "'a'", '"a', '"a\nb"', '"\\x"', "nul", "[1 2]", "1 2", "NaN", "[".repeat(2000)]) {
    assert.throws(() => JSON.parse(text));
    assert.throws(() => parse(text), JsonError, text);
  }
});

test("says line and column of a mistake", () => {
  assert.throws(() => parse('{\n  "a": 1,\n  "b": oops\n}'), { line: 3, column: 8, message: /^line 3, column 8: expected a value, got "o"$/ });
});

test("pretty keeps rows of numbers on a line", () => {
  const rows = { data: [[0.1, 0.2], [0.3, 0.4]].concat(Array.from({ length: 20 }, (_, row) => [row, row + 0.5])) };
  assert.ok(pretty(rows).includes("\n    [0.1, 0.2],\n"));
  assert.deepEqual(JSON.parse(pretty(rows)), rows);
  const long = Array.from({ length: 100 }, (_, place) => place);
  assert.deepEqual(JSON.parse(pretty(long)), long);
  assert.ok(pretty(long).split("\n").length < 10 && pretty(long).split("\n").every((line) => line.length <= 88));
  assert.equal(pretty({ a: 1 }), '{"a": 1}');
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { readPath } from "../../../runtime/scoredock/web/docs_page/paths.js";

const BODY = { data: [{ age: 1, "petal length (cm)": 2, "a: b": 3, "x.y[0]": 4 }], Inputs: { input2: [1, 2, 3, 4], rows: [{ age: 1 }] }, "odd.name": 1 };
const CASES = [
  ["data: expected shape (*, 10), got (*, 3)", ["data"], "expected shape (*, 10), got (*, 3)"],
  ["data[0].age: expected int64, got string 'x: y'", ["data", 0, "age"], "expected int64, got string 'x: y'"],
  ["data[1].age: expected int64", ["data", 1, "age"], "expected int64"],
  ["data[0].petal length (cm): expected float64", ["data", 0, "petal length (cm)"], "expected float64"],
  ["data[0].a: b: expected", ["data", 0, "a: b"], "expected"],
  ["data[0].x.y[0]: expected", ["data", 0, "x.y[0]"], "expected"],
  ["data[0].missing: expected int64, got nothing", ["data", 0, "missing"], "expected int64, got nothing"],
  ["Inputs.input2[3]: expected a number", ["Inputs", "input2", 3], "expected a number"],
  ["Inputs.rows[0].age: expected", ["Inputs", "rows", 0, "age"], "expected"],
  ["data[0][7]: expected a number", ["data", 0, 7], "expected a number"],
  ["odd.name: expected", ["odd.name"], "expected"],
];

for (const [message, steps, text] of CASES) {
  test(message, () => assert.deepEqual(readPath(message, BODY), { steps, text }));
}

test("names that the body lacks are known, too", () => {
  assert.deepEqual(readPath("wanted: is required", {}, ["wanted"]), { steps: ["wanted"], text: "is required" });
});

test("other messages name no place", () => {
  for (const message of ["Scoring timeout after 5 ms", "Expected JSON: got text", "database: no such table", "data", ""]) assert.equal(readPath(message, BODY), null);
});

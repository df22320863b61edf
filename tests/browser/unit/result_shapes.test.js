import assert from "node:assert/strict";
import { test } from "node:test";
import { barsOf, tableOf } from "../../../runtime/scoredock/web/docs_page/result_shapes.js";

test("results are tables where they have rows", () => {
  assert.deepEqual(tableOf([1, 2]), { columns: ["value"], rows: [[1], [2]] });
  assert.deepEqual(tableOf([{ a: 1 }, { b: 2 }]), { columns: ["a", "b"], rows: [[1, undefined], [undefined, 2]] });
  assert.deepEqual(tableOf([[1, 2], [3]]), { columns: ["0", "1"], rows: [[1, 2], [3]] });
  assert.deepEqual(tableOf({ digits: [3, 1], confidence: [0.9, 0.8] }), { columns: ["digits", "confidence"], rows: [[3, 0.9], [1, 0.8]] });
  assert.deepEqual(tableOf({ Results: [{ m: 1 }] }), { columns: ["m"], rows: [[1]] });
  assert.deepEqual(tableOf({ label: "GOOD", score: 0.9 }), { columns: ["name", "value"], rows: [["label", "GOOD"], ["score", 0.9]] });
  for (const result of [1, "a", null, [], {}, [[[1]]], { a: [1], b: [1, 2] }, { a: 1, b: [2] }]) assert.equal(tableOf(result), null, JSON.stringify(result));
});

test("a numeric vector is bars in its order", () => {
  assert.deepEqual(barsOf([3, 1, 2]), [{ name: "value", labels: ["0", "1", "2"], values: [3, 1, 2], scores: false }]);
});

test("class scores are bars, the largest first", () => {
  const [bars] = barsOf({ cat: 0.2, dog: 0.7, cow: 0.1 });
  assert.deepEqual([bars.labels, bars.values, bars.scores], [["dog", "cat", "cow"], [0.7, 0.2, 0.1], true]);
  assert.deepEqual(barsOf([[0.2, 0.8]])[0].labels, ["class 1", "class 0"]);
});

test("each numeric column of rows is a choice", () => {
  assert.deepEqual(barsOf([{ a: 1, b: "x", c: 2 }, { a: 3, b: "y", c: 4 }]).map((bars) => bars.name), ["a", "c"]);
});

test("nothing to compare is no chart", () => {
  for (const result of [1, [1], ["a", "b"], [1, null], { digit: 7, confidence: 0.9 }, { a: 1, b: 2 }]) assert.deepEqual(barsOf(result), [], JSON.stringify(result));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayToGrid, frameToGrid, gridToArray, gridToFrame } from "../../../runtime/scoredock/web/docs_page/orients.js";

const COLUMNS = [{ name: "age", dtype: "int64" }, { name: "city", dtype: "str" }];
const FRAMES = {
  records: [{ age: 3, city: "Ulm" }, { age: 4, city: "Bonn" }],
  values: [[3, "Ulm"], [4, "Bonn"]],
  split: { columns: ["age", "city"], index: [7, "x"], data: [[3, "Ulm"], [4, "Bonn"]] },
  columns: { age: { 0: 3, 1: 4 }, city: { 0: "Ulm", 1: "Bonn" } },
  index: { 0: { age: 3, city: "Ulm" }, 1: { age: 4, city: "Bonn" } },
  table: { schema: { fields: [{ name: "index" }, { name: "age" }, { name: "city" }], primaryKey: ["index"], pandas_version: "1.4.0" }, data: [{ index: 0, age: 3, city: "Ulm" }, { index: 1, age: 4, city: "Bonn" }] },
};

for (const [orient, frame] of Object.entries(FRAMES)) {
  test(`orient ${orient} is a grid and back`, () => {
    const grid = frameToGrid(frame, orient, COLUMNS);
    assert.deepEqual(grid.columns, COLUMNS);
    assert.deepEqual(grid.rows, [[3, "Ulm"], [4, "Bonn"]]);
    assert.deepEqual(gridToFrame(grid, orient), frame);
  });

  test(`orient ${orient} grows, shrinks and refuses others`, () => {
    const grid = frameToGrid(frame, orient, COLUMNS);
    grid.rows.push([5, "Köln"]);
    const grown = frameToGrid(gridToFrame(grid, orient), orient, COLUMNS);
    assert.deepEqual(grown.rows.at(-1), [5, "Köln"]);
    assert.equal(new Set(grown.labels ?? [0, 1, 2]).size, 3);
    grid.rows.splice(0, 3);
    grid.labels?.splice(0, 3);
    assert.equal(frameToGrid(gridToFrame(grid, orient), orient, COLUMNS)?.rows.length ?? 0, 0);
    assert.equal(frameToGrid("text", orient, COLUMNS), null);
    assert.equal(frameToGrid([1], orient, COLUMNS), null);
  });
}

test("records keep what is missing missing and what is more", () => {
  const records = [{ city: "Ulm" }, { age: 4, city: "Bonn", extra: null }];
  const grid = frameToGrid(records, "records", COLUMNS);
  assert.deepEqual(grid.columns.map((column) => column.name), ["age", "city", "extra"]);
  assert.deepEqual(gridToFrame(grid, "records"), records);
});

test("arrays of one and two dimensions are grids", () => {
  for (const value of [[1, 2.5, null], [[1, 2], [3, 4]], [{ a: 1 }, { a: 2 }], []]) {
    assert.deepEqual(gridToArray(arrayToGrid(value, null)), value);
  }
  assert.deepEqual(arrayToGrid([], "float64", 2).columns.map((column) => column.name), ["0", "1"]);
  assert.equal(arrayToGrid([[1], [2]], "float64").columns[0].dtype, "float64");
});

test("other arrays are left to JSON", () => {
  for (const value of [[[[1]]], [[1], [2, 3]], [1, [2]], "a", { a: 1 }, [[]]]) assert.equal(arrayToGrid(value, null), null);
});

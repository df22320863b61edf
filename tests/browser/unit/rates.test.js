import assert from "node:assert/strict";
import { test } from "node:test";
import { between, quantile } from "../../../runtime/scoredock/web/docs_page/rates.js";

const reading = (time, requests, counts) => ({ time, requests, abandoned: 0, queue_depth: 3, in_flight: 0, workers_ready: 1, duration: { bounds_s: [0.001, 0.01, 0.1], counts } });

test("quantiles lie inside their buckets", () => {
  assert.equal(quantile([1, 2, 4], [0, 10, 0, 0], 0.5), 1.5);
  assert.equal(quantile([1, 2, 4], [5, 5, 0, 0], 0.5), 1);
  assert.equal(quantile([1, 2, 4], [0, 0, 4, 0], 0.25), 2.5);
  assert.equal(quantile([1, 2, 4], [0, 0, 0, 1], 0.95), 4);
  assert.equal(quantile([1, 2, 4], [0, 0, 0, 0], 0.5), null);
});

test("a point is the difference of two readings", () => {
  const point = between(reading(10, { 200: 10, 500: 1 }, [10, 1, 0, 0]), reading(12, { 200: 26, 500: 2, 400: 3 }, [30, 1, 0, 0]));
  assert.equal(point.rate, 10);
  assert.equal(point.errors, 4 / 20);
  assert.equal(point.p50, 0.5);
  assert.equal(point.queue, 3);
});

test("quiet times have a rate but no latency and no share", () => {
  const same = reading(10, { 200: 10 }, [10, 0, 0, 0]);
  assert.deepEqual(between(same, { ...same, time: 12 }), { time: 12, rate: 0, p50: null, p95: null, queue: 3, errors: null });
});

test("counters that began anew, and time that stands, give no point", () => {
  assert.equal(between(reading(10, { 200: 10 }, [10, 0, 0, 0]), reading(12, { 200: 1 }, [1, 0, 0, 0])), null);
  assert.equal(between(reading(10, {}, [0, 0, 0, 0]), reading(10, {}, [0, 0, 0, 0])), null);
});

// What two readings of the service's counters say about the time between them.

/**
 * @typedef {{time: number, requests: Record<string, number>, abandoned: number, queue_depth: number, in_flight: number,
 *   workers_ready: number, duration: {bounds_s: number[], counts: number[]}}} Reading cumulative, `time` in seconds
 * @typedef {{time: number, rate: number, p50: number | null, p95: number | null, queue: number, errors: number | null}} Point
 *   requests a second, milliseconds, requests that wait, share of answers of 400 and above (0 to 1)
 */

/**
 * A quantile of a histogram in seconds, drawn straight inside a bucket; null when it is empty. What lies beyond the
 * last bound counts as that bound.
 * @param {number[]} bounds @param {number[]} counts one more than bounds @param {number} share @returns {number | null}
 */
export function quantile(bounds, counts, share) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  const wanted = share * total;
  let below = 0;
  for (let place = 0; place < counts.length; place += 1) {
    if (counts[place] > 0 && below + counts[place] >= wanted) {
      if (place >= bounds.length) return bounds[bounds.length - 1];
      const low = place ? bounds[place - 1] : 0;
      return low + ((wanted - below) / counts[place]) * (bounds[place] - low);
    }
    below += counts[place];
  }
  return bounds[bounds.length - 1];
}

/** @param {Record<string, number>} requests @param {(status: string) => boolean} [wanted] */
function sum(requests, wanted = () => true) {
  return Object.keys(requests).reduce((all, status) => all + (wanted(status) ? requests[status] : 0), 0);
}

/**
 * What happened between two readings; null where the counters began anew, or no time passed.
 * @param {Reading} before @param {Reading} after @returns {Point | null}
 */
export function between(before, after) {
  const seconds = after.time - before.time;
  const answered = sum(after.requests) - sum(before.requests);
  if (seconds <= 0 || answered < 0) return null;
  const failed = (/** @type {string} */ status) => Number(status) >= 400;
  const counts = after.duration.counts.map((count, place) => Math.max(0, count - (before.duration.counts[place] ?? 0)));
  const milliseconds = (/** @type {number} */ share) => {
    const value = quantile(after.duration.bounds_s, counts, share);
    return value === null ? null : value * 1000;
  };
  return {
    time: after.time,
    rate: answered / seconds,
    p50: milliseconds(0.5),
    p95: milliseconds(0.95),
    queue: after.queue_depth,
    errors: answered ? (sum(after.requests, failed) - sum(before.requests, failed)) / answered : null,
  };
}

// What scenarios check with: failures name what was expected and what was seen.
import { isDeepStrictEqual, inspect } from "node:util";

export class Failed extends Error {}
export class Skipped extends Error {}

const show = (value) => inspect(value, { depth: 12, breakLength: 120, maxStringLength: 600, maxArrayLength: 20 });

export function check(what, truth, seen) {
  if (!truth) throw new Failed(seen === undefined ? what : `${what}\n  seen: ${show(seen)}`);
}

// Fails with the places at which two values differ.
export function same(what, seen, expected) {
  if (isDeepStrictEqual(seen, expected)) return;
  const places = differences(seen, expected).slice(0, 8).map(([path, one, other]) => `\n  at ${path || "/"}\n    expected: ${show(other)}\n    seen:     ${show(one)}`);
  throw new Failed(`${what}${places.join("")}`);
}

export function has(what, text, part) {
  check(`${what}: \`${part}\` is missing`, String(text).includes(part), text);
}

// What an action throws; that it does is checked.
export async function thrown(what, action) {
  let value;
  try {
    value = await action();
  } catch (error) {
    return error;
  }
  throw new Failed(`${what}: expected an error\n  seen: ${show(value)}`);
}

// Waits until something holds. The ceiling is long: slow machines are no failure.
export async function until(what, condition, ms = 60_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Failed(`${what}: not after ${ms / 1000} s`);
    await pause(50);
  }
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function differences(seen, expected, path = "", found = []) {
  if (isDeepStrictEqual(seen, expected)) return found;
  if ([seen, expected].some((value) => value === null || typeof value !== "object")) {
    found.push([path, seen, expected]);
    return found;
  }
  const keys = new Set([seen, expected].flatMap(Object.keys));
  for (const key of keys) differences(seen[key], expected[key], `${path}/${key}`, found);
  return found;
}

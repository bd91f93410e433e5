// What scenarios check with: failures name what was expected and what was seen.
import { isDeepStrictEqual, inspect } from "node:util";

export class Failed extends Error {}
export class Skipped extends Error {}

const show = (value) => inspect(value, { depth: 12, breakLength: 120, maxStringLength: 2000 });

export function check(what, truth, seen) {
  if (!truth) throw new Failed(seen === undefined ? what : `${what}\n  seen: ${show(seen)}`);
}

export function same(what, seen, expected) {
  if (!isDeepStrictEqual(seen, expected)) {
    throw new Failed(`${what}\n  expected: ${show(expected)}\n  seen:     ${show(seen)}${difference(seen, expected)}`);
  }
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

// The first paths at which two values differ.
function difference(seen, expected, path = "", found = []) {
  if (found.length >= 5 || isDeepStrictEqual(seen, expected)) return "";
  const both = [seen, expected];
  if (both.some((value) => value === null || typeof value !== "object")) {
    found.push(path);
  } else {
    const keys = new Set(both.flatMap(Object.keys));
    for (const key of keys) difference(seen[key], expected[key], `${path}/${key}`, found);
  }
  return path === "" ? `\n  at: ${found.join(", ") || "/"}` : "";
}

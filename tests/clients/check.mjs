// Runs the named cases of a script one after the other; all failures are told on standard error.
import { setTimeout as sleep } from 'node:timers/promises';

/** Where the server listens, and a key where it wants one. */
export const [baseUrl, key = 'none'] = process.argv.slice(2);

/** Runs cases: an object of names and functions. Ends with status 1 if one fails. */
export async function run(cases) {
  let failures = 0;
  for (const [name, body] of Object.entries(cases)) {
    try {
      await body();
      console.log(`passed: ${name}`);
    } catch (error) {
      failures++;
      console.error(`failed: ${name}\n${error?.stack ?? error}\n`);
    }
  }
  process.exit(failures ? 1 : 0);
}

/** Awaits an error and hands it back. */
export async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('An error was expected, but the request succeeded.');
}

/** How many answers the server is making. */
export async function running() {
  return (await (await fetch(new URL('/slots', baseUrl))).json()).running;
}

/** Waits until the server makes so many answers. */
export async function untilRunning(count) {
  for (let i = 0; i < 200; i++) {
    if ((await running()) === count) return;
    await sleep(25);
  }
  throw new Error(`The server still makes ${await running()} answers, not ${count}.`);
}

/** A text with quotes, line breaks, and characters of several tokens and of two halves, as the server's script has it. */
export const awkward = '"Grüße" \\ and\n日本語 👩‍🚀🪿 end';

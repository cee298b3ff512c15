// What both client scripts share: their arguments, the ready line of the
// quickstart, and how they end.
//
//   quickstart -serve | node SCRIPT.mjs [ARTEFACT.json]
//   node SCRIPT.mjs [ARTEFACT.json] '{"event":"ready",…}'
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const defaultArtefact = new URL("../../examples/quickstart/contracts/Alarm.json", import.meta.url);

/** The quickstart's module is the one whose ABI has these functions. */
export const moduleFunctions = ["record", "latest"];

async function readyLine(args) {
  const given = args.find((a) => a.trimStart().startsWith("{"));
  if (given) return JSON.parse(given);
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trimStart().startsWith("{")) continue;
    const parsed = JSON.parse(line);
    if (parsed.event === "ready") return parsed;
  }
  throw new Error("standard input ended without a ready line");
}

/** Reads the ready line and the artefact and finds the chain named `meters`. */
export async function input() {
  const args = process.argv.slice(2);
  const path = args.find((a) => a.endsWith(".json") && !a.trimStart().startsWith("{"));
  const artefact = JSON.parse(readFileSync(path ?? fileURLToPath(defaultArtefact), "utf8"));
  const ready = await readyLine(args);
  const chain = ready.chains.find((c) => c.name === "meters");
  if (!chain) throw new Error("the ready line has no chain named meters");
  const key = ready.dev_key.startsWith("0x") ? ready.dev_key : `0x${ready.dev_key}`;
  return { artefact, chain, key };
}

/** Finds the address and ABI of the module that records readings. */
export async function findModule(chain, getABI) {
  for (const address of Object.values(chain.modules)) {
    const abi = await getABI(address);
    const names = (abi ?? []).filter((x) => x.type === "function").map((x) => x.name);
    if (moduleFunctions.every((f) => names.includes(f))) return { address, abi };
  }
  throw new Error(`no module of ${chain.name} has ${moduleFunctions.join(" and ")}`);
}

/** Runs a script: one line of JSON on success, exit code 1 on failure. */
export async function run(name, script) {
  try {
    const result = await script(await input());
    console.log(JSON.stringify({ client: name, ok: true, ...result }));
    process.exit(0);
  } catch (err) {
    console.error(`${name}: ${err.stack ?? err}`);
    console.log(JSON.stringify({ client: name, ok: false, error: String(err.message ?? err).split("\n")[0] }));
    process.exit(1);
  }
}

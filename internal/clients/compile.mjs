// Compiles one contract of a Solidity file to {contractName, compiler, abi,
// bytecode, deployedBytecode}. The same source gives the same bytes: the compiler
// is pinned, the settings are fixed and no hash of the metadata is appended.
//
//   node compile.mjs SOURCE.sol [-contract NAME] [-o OUT.json]
//
// Without -contract the file must hold exactly one contract with code.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import solc from "solc";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).map((a) => a.replace(/^-(contract|help)$/, "--$1")),
  allowPositionals: true,
  options: { contract: { type: "string" }, o: { type: "string", short: "o" } },
});

function fail(text) {
  console.error(`compile: ${text}`);
  process.exit(1);
}

if (positionals.length !== 1) fail("usage: node compile.mjs SOURCE.sol [-contract NAME] [-o OUT.json]");
const [path] = positionals;
const file = basename(path);

const input = {
  language: "Solidity",
  sources: { [file]: { content: readFileSync(path, "utf8") } },
  settings: {
    evmVersion: "osaka",
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
  },
};

const imports = (name) => {
  try {
    return { contents: readFileSync(resolve(dirname(path), name), "utf8") };
  } catch (err) {
    return { error: err.message };
  }
};

const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imports }));
const problems = output.errors ?? [];
if (problems.length > 0) fail(problems.map((e) => e.formattedMessage).join("\n"));

const found = Object.entries(output.contracts[file]).filter(
  ([name, c]) => (values.contract ? name === values.contract : c.evm.bytecode.object !== ""),
);
if (found.length !== 1) fail(`${path}: ${found.length} contracts match, name one with -contract`);

const [name, contract] = found[0];
const artefact = {
  contractName: name,
  compiler: solc.version(),
  abi: contract.abi,
  bytecode: "0x" + contract.evm.bytecode.object,
  deployedBytecode: "0x" + contract.evm.deployedBytecode.object,
};
const text = JSON.stringify(artefact, null, 1) + "\n";
if (values.o) writeFileSync(values.o, text);
else process.stdout.write(text);

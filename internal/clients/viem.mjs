// An unmodified viem against the chain `meters` of the quickstart.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createPublicClient, createWalletClient, defineChain, getAddress, http, pad, parseEther, parseEventLogs } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { findModule, run } from "./ready.mjs";

const { version } = createRequire(import.meta.url)("viem/package.json");

await run(`viem ${version}`, async ({ artefact, chain, key }) => {
  const definition = defineChain({
    id: Number(chain.chain_id),
    name: chain.name,
    nativeCurrency: { name: "coin", symbol: "COIN", decimals: 18 },
    rpcUrls: { default: { http: [chain.rpc] } },
  });
  const transport = http(chain.rpc, { batch: true });
  const node = createPublicClient({ chain: definition, transport, pollingInterval: 100, cacheTime: 0 });
  const account = privateKeyToAccount(key);
  const wallet = createWalletClient({ account, chain: definition, transport });

  await blocks(node, definition);
  await transfer(node, wallet, account);
  const found = await findModule(chain, (a) => node.request({ method: "rootstem_getABI", params: [a] }));
  const module = { address: getAddress(found.address), abi: found.abi };
  const device = await readings(node, module);
  const contract = await deploy(node, wallet, artefact, module.address);
  await refusals(node, wallet, account, module);
  await proofs(node, contract, account);

  const block = Number(await node.getBlockNumber({ cacheTime: 0 }));
  return { chain: chain.name, block, module: module.address, device, contract };
});

async function blocks(node, definition) {
  assert.equal(await node.getChainId(), definition.id);
  const latest = await node.getBlock();
  const finalized = await node.getBlock({ blockTag: "finalized", includeTransactions: true });
  assert.ok(finalized.number >= latest.number);
  const byHash = await node.getBlock({ blockHash: latest.hash });
  assert.equal(byHash.number, latest.number);
  assert.equal(byHash.stateRoot, latest.stateRoot);
  assert.equal(byHash.logsBloom.length, 2 + 512);
  assert.equal(byHash.nonce, "0x0000000000000000");
  assert.equal(byHash.difficulty, 0n);
  const parent = await node.getBlock({ blockNumber: latest.number - 1n });
  assert.equal(latest.parentHash, parent.hash);
  assert.ok(latest.timestamp >= parent.timestamp);
  assert.equal(await node.getBlockTransactionCount({ blockHash: latest.hash }), latest.transactions.length);
  const history = await node.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
  assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
  await assert.rejects(node.getBlock({ blockNumber: latest.number + 1_000_000n }), { name: "BlockNotFoundError" });
}

async function transfer(node, wallet, account) {
  const { address: to } = privateKeyToAccount(generatePrivateKey());
  const value = parseEther("0.125");
  const before = await node.getBalance({ address: account.address });
  const hash = await wallet.sendTransaction({ to, value });
  const receipt = await node.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  assert.equal(receipt.gasUsed, 21_000n);
  assert.equal(receipt.type, "eip1559");
  assert.equal(await node.getBalance({ address: to }), value);
  const after = await node.getBalance({ address: account.address });
  assert.equal(after, before - value - receipt.gasUsed * receipt.effectiveGasPrice);
  const tx = await node.getTransaction({ hash });
  assert.equal(tx.blockHash, receipt.blockHash);
  assert.equal(tx.value, value);
  assert.equal(getAddress(tx.to), to);
  const byIndex = await node.getTransaction({ blockNumber: receipt.blockNumber, index: receipt.transactionIndex });
  assert.equal(byIndex.hash, hash);
  assert.ok((await node.getTransactionConfirmations({ hash })) >= 1n);
}

async function readings(node, module) {
  const head = await node.getBlockNumber({ cacheTime: 0 });
  const found = [];
  for (let from = 0n; from <= head; from += 5_000n) {
    const end = from + 4_999n;
    found.push(...(await node.getLogs({ address: module.address, fromBlock: from, toBlock: end < head ? end : head })));
  }
  assert.ok(found.length > 0, "the module has emitted events");
  const parsed = parseEventLogs({ abi: module.abi, logs: found });
  assert.equal(parsed.length, found.length, "every log is in the ABI");
  const isHash = (a) => typeof a === "string" && /^0x[0-9a-f]{64}$/.test(a);
  const named = parsed.findLast((p) => Object.values(p.args).some(isHash));
  assert.ok(named, "an event names a device");
  const device = Object.values(named.args).find(isHash);
  const reading = await node.readContract({ ...module, functionName: "latest", args: [device] });
  assert.equal(reading.device, device);
  assert.ok(reading.seq > 0n, "a device's sequence starts at 1");
  assert.ok(reading.values.length > 0, "a reading has values");
  const receipt = await node.getTransactionReceipt({ hash: named.transactionHash });
  assert.ok(receipt.logs.some((l) => l.logIndex === named.logIndex && l.data === named.data));
  return device;
}

async function deploy(node, wallet, artefact, module) {
  const { abi, bytecode } = artefact;
  const hash = await wallet.deployContract({ abi, bytecode, args: [module, 0n, 25_000_000n] });
  const receipt = await node.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  const address = getAddress(receipt.contractAddress);
  const read = (functionName) => node.readContract({ address, abi, functionName });
  const [meters, threshold, raised] = await Promise.all(["meters", "threshold", "raised"].map(read));
  assert.equal(meters, module);
  assert.equal(threshold, 25_000_000n);
  assert.equal(raised, 0n);
  assert.ok((await node.getCode({ address })).length > 100);
  return address;
}

/** The module refuses a reading of a device that nobody registered. */
async function refusals(node, wallet, account, module) {
  const reading = { device: pad("0x0123"), seq: 1n, time: 1_700_000_000n, values: [1n] };
  const call = { ...module, functionName: "record", args: [reading, `0x${"11".repeat(64)}`], account };
  await assert.rejects(node.simulateContract(call), (err) => {
    const revert = err.walk((e) => e.name === "ContractFunctionRevertedError");
    assert.ok(revert?.reason || revert?.data, `the refusal has a reason: ${err.shortMessage}`);
    return true;
  });
  const hash = await wallet.writeContract({ ...call, gas: 500_000n });
  const receipt = await node.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "reverted");
  await assert.rejects(
    wallet.sendTransaction({ to: account.address, nonce: 0, gas: 21_000n }),
    (err) => err.walk((e) => e.name === "NonceTooLowError") !== null,
  );
}

async function proofs(node, contract, account) {
  const proof = await node.getProof({ address: contract, storageKeys: [pad("0x00")] });
  assert.equal(proof.nonce, 1);
  assert.ok(proof.accountProof.length > 0);
  assert.equal(proof.storageProof[0].value, 0n);
  const own = await node.getProof({ address: account.address, storageKeys: [] });
  assert.equal(own.balance, await node.getBalance({ address: account.address }));
}

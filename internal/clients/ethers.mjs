// An unmodified ethers v6 against the chain `meters` of the quickstart.
import assert from "node:assert/strict";
import { Contract, ContractFactory, JsonRpcProvider, Wallet, getAddress, parseEther, version, zeroPadValue } from "ethers";
import { findModule, run } from "./ready.mjs";

await run(`ethers ${version}`, async ({ artefact, chain, key }) => {
  // Blocks come faster than the quarter of a second for which ethers caches answers.
  const provider = new JsonRpcProvider(chain.rpc, undefined, { pollingInterval: 100, cacheTimeout: -1 });
  const wallet = new Wallet(key, provider);
  const send = (method, params = []) => provider.send(method, params);

  await blocks(provider, chain);
  await transfer(provider, wallet);
  const { address, abi } = await findModule(chain, (a) => send("rootstem_getABI", [a]));
  const module = new Contract(address, abi, wallet);
  const device = await readings(provider, module);
  const contract = await deploy(provider, wallet, artefact, address);
  await refusals(provider, wallet, module);

  const block = await provider.getBlockNumber();
  provider.destroy();
  return { chain: chain.name, block, module: getAddress(address), device, contract };
});

async function blocks(provider, chain) {
  assert.equal((await provider.getNetwork()).chainId, BigInt(chain.chain_id));
  const number = await provider.getBlockNumber();
  const latest = await provider.getBlock("latest");
  assert.ok(latest.number >= number);
  const finalized = await provider.getBlock("finalized", true);
  assert.ok(finalized.number >= latest.number);
  assert.equal(finalized.prefetchedTransactions.length, finalized.transactions.length);
  const byHash = await provider.getBlock(latest.hash);
  assert.equal(byHash.number, latest.number);
  assert.equal(byHash.hash, latest.hash);
  assert.equal(byHash.stateRoot, latest.stateRoot);
  assert.equal(byHash.parentHash, (await provider.getBlock(latest.number - 1)).hash);
  assert.ok(Math.abs(Date.now() / 1000 - latest.timestamp) < 3600, "the head is recent");
  assert.equal(await provider.getBlock(latest.number + 1_000_000), null);
  const fees = await provider.getFeeData();
  assert.ok(fees.gasPrice >= 0n);
  // ethers takes a base fee of zero for a chain without EIP-1559.
  assert.equal(fees.maxFeePerGas === null, latest.baseFeePerGas === 0n);
}

async function transfer(provider, wallet) {
  const to = Wallet.createRandom().address;
  const value = parseEther("0.25");
  const before = await provider.getBalance(wallet.address);
  const nonce = await wallet.getNonce();
  const { gasPrice } = await provider.getFeeData();
  const tx = await wallet.sendTransaction({ to, value, type: 2, maxFeePerGas: 2n * gasPrice, maxPriorityFeePerGas: 0n });
  const receipt = await tx.wait();
  assert.equal(receipt.status, 1);
  assert.equal(receipt.hash, tx.hash);
  assert.equal(receipt.gasUsed, 21_000n);
  assert.equal(receipt.from, wallet.address);
  assert.equal(receipt.to, to);
  assert.equal(await provider.getBalance(to), value);
  assert.equal(await provider.getBalance(wallet.address), before - value - receipt.gasUsed * receipt.gasPrice);
  assert.equal(await wallet.getNonce(), nonce + 1);
  const mined = await provider.getTransaction(tx.hash);
  assert.equal(mined.blockHash, receipt.blockHash);
  assert.equal(mined.value, value);
  assert.equal(mined.type, 2);
  const block = await provider.getBlock(receipt.blockNumber);
  assert.equal(block.transactions[receipt.index], tx.hash);
  assert.equal(await provider.getBalance(to, receipt.blockNumber - 1), 0n);
}

/** Reads the module's events and asks it for the newest reading of a device. */
async function readings(provider, module) {
  const head = await provider.getBlockNumber();
  const address = await module.getAddress();
  assert.equal(await provider.getCode(address), "0xfe");
  const found = [];
  for (let from = 0; from <= head; from += 5_000) {
    const toBlock = Math.min(head, from + 4_999);
    found.push(...(await provider.getLogs({ address, fromBlock: from, toBlock })));
  }
  assert.ok(found.length > 0, "the module has emitted events");
  const parsed = found.map((log) => module.interface.parseLog(log));
  assert.ok(parsed.every((p) => p !== null), "every log is in the ABI");
  const named = parsed.findLast((p) => p.args.some((a) => typeof a === "string" && /^0x[0-9a-f]{64}$/.test(a)));
  assert.ok(named, "an event names a device");
  const device = named.args.find((a) => typeof a === "string" && /^0x[0-9a-f]{64}$/.test(a));
  const newest = await module.latest.staticCall(device);
  const reading = newest.device ? newest : newest[0];
  assert.equal(reading[0], device);
  assert.ok(reading[1] > 0n, "a device's sequence starts at 1");
  assert.ok(reading[3].length > 0, "a reading has values");

  const last = found.at(-1);
  const receipt = await provider.getTransactionReceipt(last.transactionHash);
  const same = receipt.logs.find((l) => l.index === last.index);
  assert.equal(same.data, last.data);
  assert.deepEqual([...same.topics], [...last.topics]);
  const filtered = await provider.getLogs({ address, topics: [[last.topics[0]]], blockHash: last.blockHash });
  assert.ok(filtered.some((l) => l.index === last.index));
  return device;
}

async function deploy(provider, wallet, artefact, address) {
  const factory = new ContractFactory(artefact.abi, artefact.bytecode, wallet);
  const contract = await factory.deploy(address, 0, 25_000_000n);
  const receipt = await contract.deploymentTransaction().wait();
  assert.equal(receipt.status, 1);
  const at = await contract.getAddress();
  assert.equal(receipt.contractAddress, at);
  assert.ok((await provider.getCode(at)).length > 100);
  assert.equal(await contract.meters(), getAddress(address));
  assert.equal(await contract.threshold(), 25_000_000n);
  assert.equal(await contract.raised(), 0n);
  assert.equal(await provider.getStorage(at, 0), zeroPadValue("0x", 32));
  return at;
}

/** The module refuses a reading of a device that nobody registered. */
async function refusals(provider, wallet, module) {
  const reading = [zeroPadValue("0x0123", 32), 1n, 1_700_000_000n, [1n]];
  const signature = "0x" + "11".repeat(64);
  await assert.rejects(module.record.staticCall(reading, signature), (err) => {
    assert.equal(err.code, "CALL_EXCEPTION");
    assert.ok(err.reason || err.revert, `the refusal has a reason: ${err.message}`);
    return true;
  });
  await assert.rejects(module.record.estimateGas(reading, signature), { code: "CALL_EXCEPTION" });
  const nonce = await wallet.getNonce();
  const tx = await module.record(reading, signature, { gasLimit: 500_000n });
  await assert.rejects(tx.wait(), { code: "CALL_EXCEPTION" });
  assert.equal((await provider.getTransactionReceipt(tx.hash)).status, 0);
  await assert.rejects(wallet.sendTransaction({ to: wallet.address, nonce }), { code: "NONCE_EXPIRED" });
}

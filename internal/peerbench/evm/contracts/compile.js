// Compiles the contracts beside it: npm install solc@0.8.37 && node compile.js .
const solc=require("solc"),fs=require("fs");const d=process.argv[2];
const sources={};for(const f of ['Token.sol','Compute.sol','Hash.sol','Tracer.sol'])sources[f]={content:fs.readFileSync(d+'/'+f,'utf8')};
const out=JSON.parse(solc.compile(JSON.stringify({language:'Solidity',sources,settings:{optimizer:{enabled:true,runs:200},evmVersion:'osaka',outputSelection:{'*':{'*':['evm.deployedBytecode.object','evm.methodIdentifiers']}}}})));
(out.errors||[]).forEach(e=>console.error(e.formattedMessage));
for(const f in out.contracts)for(const c in out.contracts[f]){fs.writeFileSync(d+'/'+c+'.hex',out.contracts[f][c].evm.deployedBytecode.object+'\n');console.log(c,out.contracts[f][c].evm.methodIdentifiers)}

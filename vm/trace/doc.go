// Package trace explains how a message executed, in the formats of Ethereum's debug
// API: the opcode log, callTracer and prestateTracer.
//
// Config.Run does what debug_traceTransaction and debug_traceCall do with their
// options. Opcodes, Calls and Prestate are the tracers by themselves, for
// vm.Session.Trace and vm.VM.TraceCall. All results encode with encoding/json.
//
// Specification: execution-apis (OpcodeTransactionTrace) for the opcode log; the
// named tracers follow the JSON that clients share. Deviations: addresses carry the
// checksum of EIP-55; native contracts appear as calls, whose storage counts among
// what a message touches.
package trace

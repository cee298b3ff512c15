// Package crash is a file system in memory that remembers what was synced, for
// tests of what a store keeps when the power goes, a write fails or a file is
// damaged.
//
// Make one with New, put a store on it, and in a Hook take an Image: the file system
// as the disk would hold it had the power gone just then. The images differ in what
// becomes of data and names that were not synced. The package's own tests do this at
// every operation of random workloads, for both backends of package store: batches of
// pairs and log records, and what a chain writes, which is blocks with their indexes,
// states with their reverse diffs, the pruning of both, and the import of a snapshot.
//
//	go test ./store/crash -run Crash -count=1 -timeout 0 -args -crashpoints=100000 -seed=7
//
// runs so many crash points of each workload for each backend and prints their number.
// Where the go command's output cannot be reached, as on other systems than Linux, it
// takes -v before -args to see it.
package crash

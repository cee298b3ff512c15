// Package crash is a file system in memory that remembers what was synced, for
// tests of what a store keeps when the power goes, a write fails or a file is
// damaged.
//
// Make one with New, put a store on it, and in a Hook take an Image: the file system
// as the disk would hold it had the power gone just then. The images differ in what
// becomes of data and names that were not synced. The package's own tests do this at
// every operation of a random workload, for both backends of package store:
//
//	go test ./store/crash -run Crash -count=1 -timeout 0 -args -crashpoints=100000 -seed=7
package crash

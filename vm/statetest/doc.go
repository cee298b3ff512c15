// Package statetest runs the official state tests of Ethereum against package vm:
// files of the Execution Spec Tests and of ethereum/tests, which share one format.
// A Runner executes the cases of a file for Cancun, Prague and Osaka and compares
// the state root and the hash of the logs. It serves tests; nothing else imports it.
//
// Format: https://eest.ethereum.org/main/consuming_tests/state_test/
package statetest

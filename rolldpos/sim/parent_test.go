//go:build !linux

package sim_test

func announce(string) bool { return false }

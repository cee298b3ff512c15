package main

import (
	"io"
	"testing"
)

// TestMachinesAgreeOnRandomPrograms is the short form of -fuzz.
func TestMachinesAgreeOnRandomPrograms(t *testing.T) {
	if err := fuzz(io.Discard, 1, 2000); err != nil {
		t.Fatal(err)
	}
}

// TestMachinesAgreeOnABlockOfTransfers is the short form of -block.
func TestMachinesAgreeOnABlockOfTransfers(t *testing.T) {
	if err := transferBlock(io.Discard, 100, 1); err != nil {
		t.Fatal(err)
	}
}

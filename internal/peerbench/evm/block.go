package main

import "io"

func transferBlock(out io.Writer, n, rounds int) error { return nil }

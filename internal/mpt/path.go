package mpt

// A path is a key cut into nibbles, each in a byte of its own, high half first.

func pathOf(key []byte) []byte {
	p := make([]byte, 2*len(key))
	for i, b := range key {
		p[2*i], p[2*i+1] = b>>4, b&15
	}
	return p
}

// appendCompact appends the hex-prefix encoding of path: a nibble that holds the
// parity of the length (1) and whether a leaf ends here (2), padded to a byte.
func appendCompact(dst, path []byte, leaf bool) []byte {
	var first byte
	if leaf {
		first = 0x20
	}
	if len(path)%2 == 1 {
		first |= 0x10 | path[0]
		path = path[1:]
	}
	dst = append(dst, first)
	for i := 0; i < len(path); i += 2 {
		dst = append(dst, path[i]<<4|path[i+1])
	}
	return dst
}

// parseCompact inverts appendCompact and refuses every other string.
func parseCompact(b []byte) (path []byte, leaf bool, err error) {
	if len(b) == 0 {
		return nil, false, nodeError("empty path")
	}
	flags := b[0] >> 4
	if flags > 3 {
		return nil, false, nodeError("unknown path flags")
	}
	if flags&1 == 0 {
		if b[0]&15 != 0 {
			return nil, false, nodeError("path padding is not zero")
		}
		return pathOf(b[1:]), flags&2 != 0, nil
	}
	path = make([]byte, 1, 2*len(b)-1)
	path[0] = b[0] & 15
	return append(path, pathOf(b[1:])...), flags&2 != 0, nil
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// concat returns a fresh path, so that no two nodes share a growing slice.
func concat(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := make([]byte, 0, n)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

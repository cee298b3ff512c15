package ringsig

// Triptych's rings have radix^m members.
const (
	radix     = 4 // n in the paper
	minDigits = 3 // m: 64 members
	maxDigits = 7 // 16384 members
)

// digitsOf returns m for a ring of 4^m members, and 0 for a size that Triptych does
// not admit.
func digitsOf(size int) int {
	for m, n := minDigits, 64; m <= maxDigits; m, n = m+1, n*radix {
		if n == size {
			return m
		}
	}
	return 0
}

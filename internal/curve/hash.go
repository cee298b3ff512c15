package curve

import "gitlab.com/yawning/secp256k1-voi/secec/h2c"

// Hash maps a message to a point whose discrete logarithm to any other base nobody
// knows: the suite secp256k1_XMD:SHA-256_SSWU_RO_ of RFC 9380 with the domain
// separation tag dst (1 to 255 bytes). The identity, which has probability 2⁻²⁵⁶,
// and a tag of another length panic: both are faults of the program.
func Hash(dst string, message []byte) Point {
	p, err := h2c.Secp256k1_XMD_SHA256_SSWU_RO([]byte(dst), message)
	if err != nil || p.IsIdentity() == 1 || len(dst) == 0 || len(dst) > 255 {
		panic("curve: hash to curve: bad domain separation tag")
	}
	return (&SecretPoint{*p}).Reveal()
}

package ringsig

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
	"github.com/rootstem/rootstem/internal/keccak"
)

// Prefixes of the transcript's hash inputs. No input of one kind is an input of
// another.
const (
	kindStart = iota
	kindAppend
	kindChallengeHigh
	kindChallengeLow
	kindRatchet
	kindNonceKey
	kindNonceHigh
	kindNonceLow
	kindDigest
	kindWeightKey
	kindWeight
)

// transcript is the Fiat–Shamir state, 32 bytes. The package's doc gives its layout
// byte by byte. It is a value: a copy is a fork.
type transcript struct{ state [32]byte }

func newTranscript(protocol string) transcript {
	name := domain + protocol
	return transcript{keccak.Sum256([]byte{kindStart, byte(len(name))}, []byte(name))}
}

func (t *transcript) append(label string, data []byte) {
	t.state = keccak.Sum256([]byte{kindAppend}, t.state[:], []byte{byte(len(label))}, []byte(label), be64(uint64(len(data))), data)
}

func (t *transcript) appendUint(label string, v uint64) { t.append(label, be64(v)) }

func (t *transcript) appendPoint(label string, p *curve.Point) {
	b := curve.Encode(p)
	t.append(label, b[:])
}

func (t *transcript) appendScalar(label string, s *curve.Scalar) {
	b := curve.EncodeScalar(s)
	t.append(label, b[:])
}

// challenge returns a scalar that depends on all that was appended, and moves the
// state on. Zero is refused.
func (t *transcript) challenge(label string) (curve.Scalar, error) {
	name := append([]byte{byte(len(label))}, label...)
	hi := keccak.Sum256([]byte{kindChallengeHigh}, t.state[:], name)
	lo := keccak.Sum256([]byte{kindChallengeLow}, t.state[:], name)
	t.state = keccak.Sum256([]byte{kindRatchet}, t.state[:], name)
	c := curve.ReduceWide([64]byte(append(hi[:], lo[:]...)))
	if c.IsZero() {
		return c, ErrTransient
	}
	return c, nil
}

func be64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// nonces derives secret scalars from a secret, fresh entropy and the transcript: as
// long as one of secret and entropy is unknown and unbiased, so are the nonces, and
// two different transcripts never share one.
type nonces struct {
	key   [32]byte
	count uint32
}

func newNonces(rand io.Reader, t *transcript, secrets ...[32]byte) (*nonces, error) {
	var entropy [32]byte
	if rand != nil {
		if _, err := io.ReadFull(rand, entropy[:]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRandom, err)
		}
	}
	in := make([]byte, 0, 41+32*len(secrets)+32)
	in = append(in, kindNonceKey)
	in = append(in, t.state[:]...)
	in = append(in, be64(uint64(len(secrets)))...)
	for i := range secrets {
		in = append(in, secrets[i][:]...)
	}
	in = append(in, entropy[:]...)
	n := &nonces{key: keccak.Sum256(in)}
	clear(in)
	clear(secrets)
	return n, nil
}

func (n *nonces) next() *curve.SecretScalar {
	var wide [64]byte
	count := binary.BigEndian.AppendUint32(nil, n.count)
	hi := keccak.Sum256([]byte{kindNonceHigh}, n.key[:], count)
	lo := keccak.Sum256([]byte{kindNonceLow}, n.key[:], count)
	copy(wide[:], hi[:])
	copy(wide[32:], lo[:])
	n.count++
	s := curve.SecretFromWide(&wide)
	clear(wide[:])
	return s
}

func (n *nonces) zeroise() { clear(n.key[:]) }

package dkg

import (
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// derive returns n bytes of HKDF-SHA-256 over secret, salted with the ceremony.
func derive(secret []byte, id [32]byte, label string, n int) ([]byte, error) {
	b, err := hkdf.Key(sha256.New, secret, id[:], "rootstem/dkg/1 "+label, n)
	if err != nil {
		return nil, fmt.Errorf("dkg: deriving %d bytes: %w", n, err)
	}
	return b, nil
}

// agree is X25519; ErrKey if public is of low order.
func agree(secret *ecdh.PrivateKey, public *[32]byte) ([]byte, error) {
	p, err := ecdh.X25519().NewPublicKey(public[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	shared, err := secret.ECDH(p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return shared, nil
}

// checkKey returns ErrKey for keys that agree on zero with every secret.
func checkKey(public *[32]byte) error {
	probe, err := ecdh.X25519().NewPrivateKey(append(make([]byte, 31), 1))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	_, err = agree(probe, public)
	return err
}

// box returns the cipher of one share. Its key depends on the ceremony, on both X25519
// keys and on both seats, and encrypts nothing else: the nonce is zero.
func box(shared []byte, id [32]byte, ephemeral, key *[32]byte, dealer, seat int) (cipher.AEAD, error) {
	label := append([]byte("box"), byte(dealer), byte(seat))
	label = append(append(label, ephemeral[:]...), key[:]...)
	k, err := derive(shared, id, string(label), chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	defer clear(k)
	aead, err := chacha20poly1305.New(k)
	if err != nil {
		return nil, fmt.Errorf("dkg: cipher: %w", err)
	}
	return aead, nil
}

// seal encrypts a share from the dealer's ephemeral secret to a seat's key.
func seal(secret *ecdh.PrivateKey, key *[32]byte, id [32]byte, dealer, seat int, share *[32]byte) (out Sealed, err error) {
	shared, err := agree(secret, key)
	if err != nil {
		return out, err
	}
	defer clear(shared)
	aead, err := box(shared, id, (*[32]byte)(secret.PublicKey().Bytes()), key, dealer, seat)
	if err != nil {
		return out, err
	}
	aead.Seal(out[:0], make([]byte, aead.NonceSize()), share[:], nil)
	return out, nil
}

// open decrypts what a dealer sealed to the secret's owner. The error is ErrShare.
func open(secret *ecdh.PrivateKey, id [32]byte, m *Deal, seat int) (share [32]byte, err error) {
	shared, err := agree(secret, &m.Ephemeral)
	if err != nil {
		return share, fmt.Errorf("%w: %w", ErrShare, err)
	}
	defer clear(shared)
	aead, err := box(shared, id, &m.Ephemeral, (*[32]byte)(secret.PublicKey().Bytes()), m.Dealer, seat)
	if err != nil {
		return share, err
	}
	if _, err := aead.Open(share[:0], make([]byte, aead.NonceSize()), m.Shares[seat][:], nil); err != nil {
		return [32]byte{}, fmt.Errorf("%w: %w", ErrShare, err)
	}
	return share, nil
}

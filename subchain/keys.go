package subchain

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrKey reports a key file that does not hold a key.
var ErrKey = errors.New("subchain: malformed key file")

// keys are a node's secrets: one votes, the other names the node in the network.
type keys struct{ validator, network ed25519.PrivateKey }

func databaseDir(dir string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "db")
}

// openKeys reads the keys of a directory and makes those that are missing.
func openKeys(dir string, validator ed25519.PrivateKey) (*keys, error) {
	k := &keys{validator: validator}
	var err error
	if k.validator == nil {
		if k.validator, err = OpenKey(keyFile(dir, "validator.key")); err != nil {
			return nil, err
		}
	}
	k.network, err = OpenKey(keyFile(dir, "network.key"))
	return k, err
}

func keyFile(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

// OpenKey reads an ed25519 key (the hexadecimal seed of RFC 8032) from a file, or
// makes one and writes it, readable by the owner only. An empty path makes a key
// that is not kept. The key is not encrypted.
func OpenKey(path string) (ed25519.PrivateKey, error) {
	if path != "" {
		text, err := os.ReadFile(path)
		if err == nil {
			seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
			if err != nil || len(seed) != ed25519.SeedSize {
				return nil, fmt.Errorf("%w: %s", ErrKey, path)
			}
			return ed25519.NewKeyFromSeed(seed), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("subchain: key: %w", err)
		}
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("subchain: key: %w", err)
	}
	if path == "" {
		return key, nil
	}
	return key, writeSecret(path, hex.EncodeToString(key.Seed())+"\n")
}

// writeSecret writes a new file durably: a crash leaves it whole or absent.
func writeSecret(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("subchain: key: %w", err)
	}
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("subchain: key: %w", err)
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("subchain: key: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("subchain: key: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

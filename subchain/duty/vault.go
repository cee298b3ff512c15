package duty

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Vault keeps a node's secrets of key ceremonies, each under a name: the seeds of those
// that run, and shares. On disk each is a file that its owner alone reads, and what is
// stored is durable. Its methods may be called from any goroutine.
type Vault struct {
	dir string // empty: in memory

	mu     sync.Mutex
	memory map[string][]byte
}

// ErrVault wraps what goes wrong with the files.
var ErrVault = errors.New("duty: vault")

// OpenVault opens a directory, made if it is not there. With an empty path the secrets
// are in memory and end with the process.
func OpenVault(dir string) (*Vault, error) {
	v := &Vault{dir: dir, memory: map[string][]byte{}}
	if dir == "" {
		return v, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVault, err)
	}
	return v, nil
}

// Put stores a copy of b: when it returns nil a crash leaves it whole.
func (v *Vault) Put(name string, b []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dir == "" {
		v.memory[name] = slices.Clone(b)
		return nil
	}
	f, err := os.CreateTemp(v.dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVault, err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(v.dir, name))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVault, errors.Join(err, os.Remove(f.Name())))
	}
	return v.sync()
}

// Get returns a copy, nil if there is nothing of that name.
func (v *Vault) Get(name string) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dir == "" {
		return slices.Clone(v.memory[name]), nil
	}
	b, err := os.ReadFile(filepath.Join(v.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVault, err)
	}
	return b, nil
}

// Names lists what is stored, in ascending order. What a crash left half written is
// removed.
func (v *Vault) Names() (names []string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name := range v.memory {
		names = append(names, name)
	}
	if v.dir != "" {
		entries, err := os.ReadDir(v.dir)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrVault, err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".new-") {
				if err := os.Remove(filepath.Join(v.dir, e.Name())); err != nil {
					return nil, fmt.Errorf("%w: %w", ErrVault, err)
				}
				continue
			}
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Erase overwrites a secret and removes it. A medium that writes elsewhere, as flash
// does, may keep the old bytes all the same: encrypt the disk.
func (v *Vault) Erase(name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dir == "" {
		clear(v.memory[name])
		delete(v.memory, name)
		return nil
	}
	path := filepath.Join(v.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVault, err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVault, err)
	}
	return v.sync()
}

// sync makes what happened to names durable.
func (v *Vault) sync() error {
	d, err := os.Open(v.dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVault, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrVault, err)
	}
	return nil
}

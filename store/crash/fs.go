package crash

import (
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rootstem/rootstem/store"
)

// FS is a file system in memory. It implements store.FS and is safe for concurrent
// use. Its root is ".", which exists.
type FS struct {
	mu    sync.Mutex
	root  *node
	locks map[string]bool
	hook  Hook
}

var _ store.FS = (*FS)(nil)

// Hook is called before every operation that changes something, with its name and
// that of the file, while all others wait. The operation fails with the error that
// it returns. image makes an Image; it must not be called later.
type Hook func(op, name string, image func(Loss) *FS) error

// node is a file or a directory.
type node struct {
	// of a file: what a read sees, what was synced, and the writes in between. The
	// bytes of data and synced are never changed in place, so that images share them.
	data, synced []byte
	pending      []change

	// of a directory (nil for a file): what it lists, and what it listed when synced.
	names, syncedNames map[string]*node
}

// change is a write at an offset or, if data is nil, a truncation to it.
type change struct {
	offset int64
	data   []byte
}

func newDir() *node {
	return &node{names: map[string]*node{}, syncedNames: map[string]*node{}}
}

// New returns an empty file system.
func New() *FS { return &FS{root: newDir(), locks: map[string]bool{}} }

// SetHook sets the hook, nil for none.
func (s *FS) SetHook(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = h
}

// before runs the hook. The caller holds mu.
func (s *FS) before(op, name string) error {
	if s.hook == nil {
		return nil
	}
	if err := s.hook(op, name, s.image); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

func missing(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

// find returns a node, or nil. The caller holds mu.
func (s *FS) find(name string) *node {
	n := s.root
	for part := range strings.SplitSeq(filepath.ToSlash(filepath.Clean(name)), "/") {
		if part == "." || part == "" {
			continue
		}
		if n = n.names[part]; n == nil {
			return nil
		}
	}
	return n
}

func (s *FS) parent(op, name string) (*node, string, error) {
	dir := s.find(filepath.Dir(name))
	if dir == nil || dir.names == nil {
		return nil, "", missing(op, name)
	}
	return dir, filepath.Base(name), nil
}

// Create implements store.FS.
func (s *FS) Create(name string) (store.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, base, err := s.parent("create", name)
	if err == nil {
		err = s.before("create", name)
	}
	if err != nil {
		return nil, err
	}
	n := dir.names[base]
	if n == nil {
		n = new(node)
		dir.names[base] = n
	} else {
		n.truncate(0)
	}
	return &file{fs: s, node: n, name: name}, nil
}

// Open implements store.FS.
func (s *FS) Open(name string) (store.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(name)
	if n == nil || n.names != nil {
		return nil, missing("open", name)
	}
	return &file{fs: s, node: n, name: name}, nil
}

// Remove implements store.FS.
func (s *FS) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, base, err := s.parent("remove", name)
	if err == nil && dir.names[base] == nil {
		err = missing("remove", name)
	}
	if err == nil {
		err = s.before("remove", name)
	}
	if err == nil {
		delete(dir.names, base)
	}
	return err
}

// Rename implements store.FS.
func (s *FS) Rename(from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, old, err := s.parent("rename", from)
	if err != nil {
		return err
	}
	target, base, err := s.parent("rename", to)
	if err == nil && source.names[old] == nil {
		err = missing("rename", from)
	}
	if err == nil {
		err = s.before("rename", from)
	}
	if err == nil {
		target.names[base] = source.names[old]
		delete(source.names, old)
	}
	return err
}

// MkdirAll implements store.FS.
func (s *FS) MkdirAll(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(dir) != nil {
		return nil
	}
	if err := s.before("mkdir", dir); err != nil {
		return err
	}
	n := s.root
	for part := range strings.SplitSeq(filepath.ToSlash(filepath.Clean(dir)), "/") {
		if part == "." || part == "" {
			continue
		}
		next := n.names[part]
		if next == nil {
			next = newDir()
			n.names[part] = next
		}
		n = next
	}
	return nil
}

// List implements store.FS.
func (s *FS) List(dir string) (names []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(dir)
	if n == nil || n.names == nil {
		return nil, missing("list", dir)
	}
	for name := range n.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Size implements store.FS.
func (s *FS) Size(name string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(name)
	if n == nil {
		return 0, missing("stat", name)
	}
	return int64(len(n.data)), nil
}

// SyncDir implements store.FS.
func (s *FS) SyncDir(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(dir)
	if n == nil || n.names == nil {
		return missing("sync", dir)
	}
	if err := s.before("sync", dir); err != nil {
		return err
	}
	clear(n.syncedNames)
	for name, child := range n.names {
		n.syncedNames[name] = child
	}
	return nil
}

// Lock implements store.FS. The file is not part of the images.
func (s *FS) Lock(name string) (io.Closer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks[name] {
		return nil, store.ErrLocked
	}
	s.locks[name] = true
	return unlock(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.locks, name)
	}), nil
}

type unlock func()

func (u unlock) Close() error { u(); return nil }

// Files returns the paths of all files, sorted.
func (s *FS) Files() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var walk func(dir string, n *node)
	walk = func(dir string, n *node) {
		for name, child := range n.names {
			if path := filepath.Join(dir, name); child.names != nil {
				walk(path, child)
			} else {
				out = append(out, path)
			}
		}
	}
	walk("", s.root)
	slices.Sort(out)
	return out
}

// Damage replaces the content of a file by what f makes of a copy of it.
func (s *FS) Damage(name string, f func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.find(name); n != nil && n.names == nil {
		n.data = f(slices.Clone(n.data))
		n.synced, n.pending = n.data, nil
	}
}

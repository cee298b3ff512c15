package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// FS is the file system below a store. OS is the real one; package store/crash has
// one that loses what was not synced. Names are paths in the form of package
// filepath. It must be safe for concurrent use. A file that does not exist is
// reported by an error for which errors.Is(err, fs.ErrNotExist) holds.
type FS interface {
	// Create makes an empty file, or empties the one that is there.
	Create(name string) (File, error)
	// Open opens an existing file to read and write at its start.
	Open(name string) (File, error)
	Remove(name string) error
	// Rename replaces the target atomically.
	Rename(from, to string) error
	// MkdirAll makes a directory that only its owner may enter, and its parents.
	MkdirAll(dir string) error
	// List returns the names in a directory, in no order.
	List(dir string) ([]string, error)
	// Size returns the length of a file; of a directory, any number.
	Size(name string) (int64, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
	// Lock takes an exclusive lock, which ends with Close or the process, on a file
	// that it creates if it is missing. ErrLocked if another has it, in this process
	// or elsewhere.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Sync makes its content durable, not its name.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// OS returns the file system of the operating system. Files that it creates belong
// to their owner alone (0600, directories 0700).
func OS() FS { return osFS{} }

type osFS struct{}

// asFile keeps a nil *os.File from becoming a File that is not nil.
func asFile(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osFS) Create(name string) (File, error) {
	return asFile(os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600))
}
func (osFS) Open(name string) (File, error) { return asFile(os.OpenFile(name, os.O_RDWR, 0)) }
func (osFS) Remove(name string) error       { return os.Remove(name) }
func (osFS) Rename(from, to string) error   { return os.Rename(from, to) }
func (osFS) MkdirAll(dir string) error      { return os.MkdirAll(dir, 0o700) }
func (osFS) SyncDir(dir string) error       { return syncDir(dir) }

func (osFS) List(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (osFS) Size(name string) (int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := lockFile(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// makeDir creates a directory and makes its name, and those of new parents, durable.
// It syncs also what is there already: an earlier attempt may have crashed between
// the two.
func makeDir(fsys FS, dir string) error {
	var fresh []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		fresh = append(fresh, d)
		if _, err := fsys.Size(d); err == nil || filepath.Dir(d) == d {
			break
		}
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return typed("create", dir, err)
	}
	for _, d := range fresh {
		if parent := filepath.Dir(d); parent != d {
			if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, os.ErrPermission) {
				return typed("sync", parent, err)
			}
		}
	}
	return nil
}

// readFile returns at most limit bytes of a file.
func readFile(fsys FS, name string, limit int64) (content []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, limit))
}

// writeFile replaces a file atomically and durably: write, sync, rename, sync the
// directory.
func writeFile(fsys FS, name string, content []byte) error {
	temporary := name + ".new"
	f, err := fsys.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(temporary, name); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}

package store

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
)

// Disk is the file system that a store hands to its engine. It does three things on
// the way: it gives errors their type; after the first failed change it lets no
// other one through, because what a backend writes after a failed sync cannot be
// trusted; and it keeps the checksum of what was synced of every journal and
// manifest, so that damage to them does not pass for a torn end.
type Disk struct {
	fs      FS
	pretend bool

	// changes is read-locked by every change in progress and locked by retire.
	changes sync.RWMutex
	retired bool

	mu      sync.Mutex // guards what follows
	fault   error
	tracked map[string]*track
	marks   *markFile
	// phantoms are the files that changed after the fault, if the disk pretends.
	phantoms map[string]*phantom
}

// track follows an append-only file.
type track struct {
	size, synced       int64
	checksum, syncedAs uint32 // CRC-32C of size and of synced bytes
}

// Pretend has changes after a failed one succeed in memory, instead of failing. It is
// for engines that end the process when they see an error: such an engine must ask
// Fault before and after everything it does, and fail then.
func (d *Disk) Pretend() { d.pretend = true }

// Fault returns the error of the first change that failed, or nil.
func (d *Disk) Fault() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fault
}

// Fail stops all changes, as if one had failed.
func (d *Disk) Fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == nil {
		d.fault = typed("use", "engine", err)
	}
}

// change runs one change. It reports whether it happened; if not and err is nil, the
// caller must pretend.
func (d *Disk) change(op, name string, f func() error) (done bool, err error) {
	d.changes.RLock()
	defer d.changes.RUnlock()
	if fault := d.Fault(); fault != nil || d.retired {
		return false, d.refusal(fault)
	}
	err = typed(op, filepath.Base(name), f())
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err == nil, err
	}
	d.Fail(err)
	return false, d.refusal(err)
}

func (d *Disk) refusal(fault error) error {
	switch {
	case d.pretend:
		return nil
	case fault == nil:
		return ErrClosed
	}
	return fault
}

// retire waits for the changes in progress and lets no other one begin.
func (d *Disk) retire() {
	d.changes.Lock()
	defer d.changes.Unlock()
	d.retired = true
}

// isTracked tells the append-only files of both backends by their names.
func isTracked(name string) bool {
	base := filepath.Base(name)
	return strings.HasPrefix(base, "MANIFEST-") || strings.HasSuffix(base, ".log")
}

// Create makes an empty file.
func (d *Disk) Create(name string) (File, error) {
	file := &diskFile{disk: d, name: name}
	done, err := d.change("create", name, func() (err error) {
		if err := d.forget(name); err != nil {
			return err
		}
		file.f, err = d.fs.Create(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !done {
		d.mu.Lock()
		delete(d.phantoms, name)
		d.mu.Unlock()
		file.phantom = d.haunt(name, 0)
	}
	if done && isTracked(name) {
		file.track = new(track)
		d.mu.Lock()
		d.tracked[name] = file.track
		d.mu.Unlock()
	}
	return file, nil
}

// Open opens an existing file.
func (d *Disk) Open(name string) (File, error) {
	if p := d.phantom(name); p != nil {
		return &diskFile{disk: d, name: name, phantom: p}, nil
	}
	file := &diskFile{disk: d, name: name}
	err := d.read(func() (err error) {
		file.f, err = d.fs.Open(name)
		return err
	})
	if err != nil {
		return nil, typed("open", filepath.Base(name), err)
	}
	return file, nil
}

// Remove removes a file. Its failure stops nothing, unless the disk must pretend: the
// file is not needed.
func (d *Disk) Remove(name string) error {
	var failed error
	_, err := d.change("remove", name, func() error {
		if err := d.forget(name); err != nil {
			return err
		}
		failed = d.fs.Remove(name)
		if d.pretend {
			return failed
		}
		return nil
	})
	if err == nil && !d.pretend {
		err = typed("remove", filepath.Base(name), failed)
	}
	return err
}

// Rename replaces a file by another.
func (d *Disk) Rename(from, to string) error {
	_, err := d.change("rename", from, func() error {
		if err := errors.Join(d.forget(from), d.forget(to)); err != nil {
			return err
		}
		return d.fs.Rename(from, to)
	})
	return err
}

// MkdirAll creates a directory.
func (d *Disk) MkdirAll(dir string) error {
	_, err := d.change("create", dir, func() error { return d.fs.MkdirAll(dir) })
	return err
}

// SyncDir makes the names in a directory durable.
func (d *Disk) SyncDir(dir string) error {
	_, err := d.change("sync", dir, func() error { return d.fs.SyncDir(dir) })
	return err
}

// List returns the names in a directory.
func (d *Disk) List(dir string) (names []string, err error) {
	err = d.read(func() (err error) {
		names, err = d.fs.List(dir)
		return err
	})
	return names, typed("list", filepath.Base(dir), err)
}

// Size returns the length of a file.
func (d *Disk) Size(name string) (n int64, err error) {
	if p := d.phantom(name); p != nil {
		return p.size(), nil
	}
	err = d.read(func() (err error) {
		n, err = d.fs.Size(name)
		return err
	})
	return n, typed("measure", filepath.Base(name), err)
}

// Lock takes a lock on a file.
func (d *Disk) Lock(name string) (io.Closer, error) { return d.fs.Lock(name) }

// forget ends the tracking of a file before its name is free for another.
func (d *Disk) forget(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tracked[name]
	delete(d.tracked, name)
	if t == nil || t.synced == 0 {
		return nil
	}
	return d.marks.write(d.tracked, true)
}

// cut shortens the tracked files to what was synced. It is called after retire, so
// that a batch whose write failed does not come back.
func (d *Disk) cut() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, t := range d.tracked {
		size, err := d.fs.Size(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && size <= t.synced {
			continue
		}
		if err == nil {
			err = truncate(d.fs, name, t.synced)
		}
		if err != nil {
			return typed("truncate", filepath.Base(name), err)
		}
	}
	return nil
}

func truncate(fsys FS, name string, size int64) (err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}

// diskFile is a file of a Disk. f is nil if its creation was pretended.
type diskFile struct {
	disk    *Disk
	name    string
	f       File
	track   *track // nil for a file that is not appended to
	phantom *phantom
	written int64 // by Write
	offset  int64 // of Read from a phantom
}

func (f *diskFile) Read(p []byte) (int, error) {
	if f.phantom != nil {
		n, err := f.phantom.ReadAt(p, f.offset)
		f.offset += int64(n)
		return n, err
	}
	n, err := f.f.Read(p)
	return n, typed("read", filepath.Base(f.name), err)
}

func (f *diskFile) ReadAt(p []byte, off int64) (int, error) {
	if f.phantom != nil {
		return f.phantom.ReadAt(p, off)
	}
	n, err := f.f.ReadAt(p, off)
	return n, typed("read", filepath.Base(f.name), err)
}

func (f *diskFile) Write(p []byte) (n int, err error) {
	done, err := f.disk.change("write", f.name, func() error {
		n, err := f.f.Write(p)
		if err == nil && n < len(p) {
			err = io.ErrShortWrite
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if !done {
		if f.phantom == nil {
			f.phantom = f.disk.haunt(f.name, f.written)
		}
		f.phantom.write(p)
		return len(p), nil
	}
	f.written += int64(len(p))
	if f.track != nil {
		f.disk.mu.Lock()
		f.track.size += int64(len(p))
		f.track.checksum = crc(f.track.checksum, p)
		f.disk.mu.Unlock()
	}
	return len(p), nil
}

func (f *diskFile) WriteAt(p []byte, off int64) (int, error) {
	_, err := f.disk.change("write", f.name, func() error {
		_, err := f.f.WriteAt(p, off)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *diskFile) Truncate(size int64) error {
	_, err := f.disk.change("truncate", f.name, func() error { return f.f.Truncate(size) })
	return err
}

func (f *diskFile) Sync() error {
	d := f.disk
	_, err := d.change("sync", f.name, func() error {
		if f.track == nil {
			return f.f.Sync()
		}
		d.mu.Lock()
		size, checksum := f.track.size, f.track.checksum
		d.mu.Unlock()
		if err := f.f.Sync(); err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		f.track.synced, f.track.syncedAs = size, checksum
		return d.marks.write(d.tracked, false)
	})
	return err
}

func (f *diskFile) Close() error {
	if f.f == nil {
		return nil
	}
	err := typed("close", filepath.Base(f.name), f.f.Close())
	if err != nil && f.disk.pretend {
		f.disk.Fail(err)
		return nil
	}
	return err
}

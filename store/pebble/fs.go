package pebble

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/rootstem/rootstem/store"
)

// fileSystem gives a Disk the shape that pebble asks for. It recycles no files: a
// journal that begins with the rest of another one hides damage.
type fileSystem struct{ disk *store.Disk }

var _ vfs.FS = fileSystem{}

func (s fileSystem) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	if _, err := s.disk.Size(name); err == nil {
		if err := s.disk.Remove(name); err != nil {
			return nil, err
		}
	}
	f, err := s.disk.Create(name)
	return s.file(name, f, err)
}

func (s fileSystem) file(name string, f store.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return file{f, name, s}, nil
}

func (s fileSystem) Open(name string, _ ...vfs.OpenOption) (vfs.File, error) {
	f, err := s.disk.Open(name)
	return s.file(name, f, err)
}

func (s fileSystem) OpenReadWrite(name string, _ vfs.DiskWriteCategory, _ ...vfs.OpenOption) (vfs.File, error) {
	f, err := s.disk.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = s.disk.Create(name)
	}
	return s.file(name, f, err)
}

func (s fileSystem) OpenDir(name string) (vfs.File, error) { return directory{name: name, fs: s}, nil }

// Link would serve checkpoints and ingestion, which the store does not use.
func (fileSystem) Link(_, _ string) error { return errors.ErrUnsupported }

func (s fileSystem) Remove(name string) error               { return s.disk.Remove(name) }
func (fileSystem) RemoveAll(string) error                   { return errors.ErrUnsupported }
func (s fileSystem) Rename(from, to string) error           { return s.disk.Rename(from, to) }
func (s fileSystem) List(dir string) ([]string, error)      { return s.disk.List(dir) }
func (fileSystem) PathBase(path string) string              { return filepath.Base(path) }
func (fileSystem) PathJoin(elem ...string) string           { return filepath.Join(elem...) }
func (fileSystem) PathDir(path string) string               { return filepath.Dir(path) }
func (fileSystem) Unwrap() vfs.FS                           { return nil }
func (s fileSystem) MkdirAll(d string, _ os.FileMode) error { return s.disk.MkdirAll(d) }

func (s fileSystem) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.disk.Remove(from); err != nil {
		return nil, err
	}
	return s.Create(to, category)
}

// Lock does nothing: the store holds the lock of the directory above.
func (fileSystem) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (s fileSystem) Stat(name string) (vfs.FileInfo, error) {
	if _, err := s.disk.List(name); err == nil {
		return info{name: filepath.Base(name), mode: fs.ModeDir | 0o700}, nil
	}
	size, err := s.disk.Size(name)
	if err != nil {
		return nil, err
	}
	return info{name: filepath.Base(name), size: size, mode: 0o600}, nil
}

func (fileSystem) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{}, vfs.ErrUnsupported
}

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string           { return i.name }
func (i info) Size() int64            { return i.size }
func (i info) Mode() fs.FileMode      { return i.mode }
func (i info) ModTime() time.Time     { return time.Time{} }
func (i info) IsDir() bool            { return i.mode.IsDir() }
func (i info) Sys() any               { return nil }
func (i info) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }

type file struct {
	store.File
	name string
	fs   fileSystem
}

func (file) Preallocate(_, _ int64) error    { return nil }
func (f file) SyncData() error               { return f.Sync() }
func (file) SyncTo(int64) (bool, error)      { return false, nil }
func (file) Prefetch(_ int64, _ int64) error { return nil }
func (file) Fd() uintptr                     { return vfs.InvalidFd }

// Stat of a file whose creation the disk pretended says that it is empty.
func (f file) Stat() (vfs.FileInfo, error) {
	stat, err := f.fs.Stat(f.name)
	if err != nil && f.fs.disk.Fault() != nil {
		return info{name: filepath.Base(f.name), mode: 0o600}, nil
	}
	return stat, err
}

type directory struct {
	vfs.File // nil: a directory is only synced and closed
	name     string
	fs       fileSystem
}

func (d directory) Sync() error     { return d.fs.disk.SyncDir(d.name) }
func (d directory) SyncData() error { return d.Sync() }
func (directory) Close() error      { return nil }

func (d directory) Stat() (vfs.FileInfo, error) {
	return info{name: filepath.Base(d.name), mode: fs.ModeDir | 0o700}, nil
}

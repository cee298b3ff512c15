package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// levelStorage is goleveldb's storage over a Disk. Unlike goleveldb's own it
//   - syncs the directory with the first sync of every file, so that no synced
//     journal or table loses its name;
//   - syncs the journal before the next one is created, so that a later batch never
//     outlives an earlier one;
//   - syncs a manifest before CURRENT names it, and gives CURRENT a checksum;
//   - cuts the torn end off journals and manifests, and reports damage before it.
type levelStorage struct {
	disk *Disk
	dir  string

	mu      sync.Mutex
	writers map[storage.FileDesc]*levelWriter // journals and manifests
}

var errCurrent = errors.New("CURRENT is damaged")

const currentName = "CURRENT"

func (s *levelStorage) path(fd storage.FileDesc) string { return filepath.Join(s.dir, fd.String()) }

// parseFile reads a name as FileDesc.String writes it.
func parseFile(name string) (fd storage.FileDesc, ok bool) {
	number, manifest := strings.CutPrefix(name, "MANIFEST-")
	if manifest {
		fd.Type = storage.TypeManifest
	} else {
		var kind string
		number, kind, _ = strings.Cut(name, ".")
		fd.Type = map[string]storage.FileType{"log": storage.TypeJournal, "ldb": storage.TypeTable, "tmp": storage.TypeTemp}[kind]
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || fd.Type == 0 {
		return storage.FileDesc{}, false
	}
	fd.Num = n
	return fd, fd.String() == name
}

type unlocked struct{}

func (unlocked) Unlock() {}

// Lock does nothing: the store holds the lock of the directory above.
func (s *levelStorage) Lock() (storage.Locker, error) { return unlocked{}, nil }

// Log drops goleveldb's own diary.
func (s *levelStorage) Log(string) {}

func (s *levelStorage) SetMeta(fd storage.FileDesc) error {
	s.mu.Lock()
	w := s.writers[fd]
	s.mu.Unlock()
	if w != nil {
		if err := w.Sync(); err != nil {
			return err
		}
	}
	line := fd.String()
	return writeFile(s.disk, filepath.Join(s.dir, currentName), fmt.Appendf(nil, "%s %08x\n", line, crc(0, []byte(line))))
}

func (s *levelStorage) GetMeta() (storage.FileDesc, error) {
	const limit = 256
	raw, err := readFile(s.disk, filepath.Join(s.dir, currentName), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return storage.FileDesc{}, s.fresh()
	}
	if err != nil {
		return storage.FileDesc{}, err
	}
	line, sum, _ := strings.Cut(strings.TrimSuffix(string(raw), "\n"), " ")
	fd, ok := parseFile(line)
	if !ok || fd.Type != storage.TypeManifest || sum != fmt.Sprintf("%08x", crc(0, []byte(line))) {
		return storage.FileDesc{}, &storage.ErrCorrupted{Err: errCurrent}
	}
	return fd, nil
}

// fresh clears what a crash has left of the creation of a database, and returns
// os.ErrNotExist. Journals and tables come after CURRENT: with them it is damage.
func (s *levelStorage) fresh() error {
	rest, err := s.List(storage.TypeJournal | storage.TypeTable)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return &storage.ErrCorrupted{Fd: rest[0], Err: errCurrent}
	}
	rest, err = s.List(storage.TypeAll)
	for _, fd := range rest {
		err = errors.Join(err, s.Remove(fd))
	}
	if err != nil {
		return err
	}
	return os.ErrNotExist
}

func (s *levelStorage) List(ft storage.FileType) (out []storage.FileDesc, err error) {
	names, err := s.disk.List(s.dir)
	for _, name := range names {
		if fd, ok := parseFile(name); ok && fd.Type&ft != 0 {
			out = append(out, fd)
		}
	}
	return out, err
}

func (s *levelStorage) Open(fd storage.FileDesc) (storage.Reader, error) {
	f, err := s.disk.Open(s.path(fd))
	if err != nil {
		return nil, err
	}
	size, err := s.disk.Size(s.path(fd))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r := &levelTable{File: f, size: size}
	if fd.Type != storage.TypeJournal && fd.Type != storage.TypeManifest {
		return r, nil
	}
	content := make([]byte, size)
	_, err = f.ReadAt(content, 0)
	if err := f.Close(); err != nil {
		return nil, err
	}
	if err != nil && size > 0 {
		return nil, typed("read", fd.String(), err)
	}
	whole, err := wholeRecords(content)
	if err != nil {
		return nil, &storage.ErrCorrupted{Fd: fd, Err: err}
	}
	return levelJournal{bytes.NewReader(content[:whole])}, nil
}

func (s *levelStorage) Create(fd storage.FileDesc) (storage.Writer, error) {
	follow := fd.Type == storage.TypeJournal || fd.Type == storage.TypeManifest
	s.mu.Lock()
	defer s.mu.Unlock()
	if fd.Type == storage.TypeJournal {
		for old, w := range s.writers {
			if old.Type == storage.TypeJournal && w.dirty {
				if err := w.Sync(); err != nil {
					return nil, err
				}
			}
		}
	}
	f, err := s.disk.Create(s.path(fd))
	if err != nil {
		return nil, err
	}
	w := &levelWriter{File: f, storage: s, fd: fd}
	if follow {
		if s.writers == nil {
			s.writers = make(map[storage.FileDesc]*levelWriter)
		}
		s.writers[fd] = w
	}
	return w, nil
}

func (s *levelStorage) Remove(fd storage.FileDesc) error { return s.disk.Remove(s.path(fd)) }

func (s *levelStorage) Rename(from, to storage.FileDesc) error {
	return s.disk.Rename(s.path(from), s.path(to))
}

func (s *levelStorage) Close() error { return nil }

// levelWriter is a file that goleveldb appends to.
type levelWriter struct {
	File
	storage *levelStorage
	fd      storage.FileDesc
	named   bool // the directory was synced since the creation
	dirty   bool // bytes were written since the last sync
}

func (w *levelWriter) Write(p []byte) (int, error) {
	w.dirty = true
	return w.File.Write(p)
}

func (w *levelWriter) Sync() error {
	if err := w.File.Sync(); err != nil {
		return err
	}
	w.dirty = false
	if w.named {
		return nil
	}
	if err := w.storage.disk.SyncDir(w.storage.dir); err != nil {
		return err
	}
	w.named = true
	return nil
}

func (w *levelWriter) Close() error {
	s := w.storage
	s.mu.Lock()
	if s.writers[w.fd] == w {
		delete(s.writers, w.fd)
	}
	s.mu.Unlock()
	return w.File.Close()
}

// levelTable reads a table; it adds the Seek that goleveldb asks for.
type levelTable struct {
	File
	offset, size int64
}

func (t *levelTable) Read(p []byte) (int, error) {
	n, err := t.ReadAt(p, t.offset)
	t.offset += int64(n)
	return n, err
}

func (t *levelTable) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case 1:
		offset += t.offset
	case 2:
		offset += t.size
	}
	if offset < 0 {
		return 0, fs.ErrInvalid
	}
	t.offset = offset
	return offset, nil
}

// levelJournal reads the whole records of a journal or manifest.
type levelJournal struct{ *bytes.Reader }

func (levelJournal) Close() error { return nil }

package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
)

func crc(before uint32, p []byte) uint32 {
	return crc32.Update(before, crc32.MakeTable(crc32.Castagnoli), p)
}

// markFile holds, for every journal and manifest, how many bytes of it were synced
// and their CRC-32C. A backend takes damage at the end of such a file for a write
// that a crash has torn, and forgets acknowledged batches without a word; what the
// mark names cannot have been torn.
//
// It is written after each sync and not synced itself: an older mark is true as
// well, if weaker. Only before a name becomes free for another file it is synced.
// Two slots take turns, so that a torn write leaves one.
//
// A slot is: CRC-32C of the rest (4 bytes), length of the rest (4), generation (8),
// then for each file the length of its base name (1), the name, the length synced
// (8) and its CRC (4). Numbers are big-endian.
type markFile struct {
	f          File
	generation uint64
	buf        []byte
}

const (
	markSlot = 4096
	markHead = 8
)

// openMarks opens or creates the file and returns what it says, by base name.
func openMarks(fsys FS, name string) (*markFile, map[string]*track, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = fsys.Create(name)
	}
	if err != nil {
		return nil, nil, err
	}
	m := &markFile{f: f}
	var newest map[string]*track
	for slot := range int64(2) {
		raw := make([]byte, markSlot)
		n, err := f.ReadAt(raw, slot*markSlot)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, errors.Join(err, f.Close())
		}
		if generation, files, ok := decodeMark(raw[:n]); ok && generation >= m.generation {
			m.generation, newest = generation, files
		}
	}
	return m, newest, nil
}

func decodeMark(raw []byte) (generation uint64, files map[string]*track, ok bool) {
	if len(raw) < markHead {
		return 0, nil, false
	}
	size := binary.BigEndian.Uint32(raw[4:])
	if size < 8 || uint64(size) > uint64(len(raw)-markHead) {
		return 0, nil, false
	}
	body := raw[markHead : markHead+size]
	if crc(0, body) != binary.BigEndian.Uint32(raw) {
		return 0, nil, false
	}
	generation, body = binary.BigEndian.Uint64(body), body[8:]
	files = make(map[string]*track)
	for len(body) > 0 {
		n := int(body[0])
		if len(body) < 1+n+12 {
			return 0, nil, false
		}
		name := string(body[1 : 1+n])
		length, sum := binary.BigEndian.Uint64(body[1+n:]), binary.BigEndian.Uint32(body[9+n:])
		files[name] = &track{size: int64(length), synced: int64(length), checksum: sum, syncedAs: sum}
		body = body[13+n:]
	}
	return generation, files, true
}

func (m *markFile) write(tracked map[string]*track, sync bool) error {
	m.generation++
	b := append(m.buf[:0], make([]byte, markHead)...)
	b = binary.BigEndian.AppendUint64(b, m.generation)
	for _, path := range slices.Sorted(maps.Keys(tracked)) {
		t, name := tracked[path], filepath.Base(path)
		if t.synced == 0 || len(name) > 255 || len(b)+len(name)+13 > markSlot {
			continue
		}
		b = append(append(b, byte(len(name))), name...)
		b = binary.BigEndian.AppendUint64(b, uint64(t.synced))
		b = binary.BigEndian.AppendUint32(b, t.syncedAs)
	}
	binary.BigEndian.PutUint32(b[4:], uint32(len(b)-markHead))
	binary.BigEndian.PutUint32(b, crc(0, b[markHead:]))
	m.buf = b
	if _, err := m.f.WriteAt(b, int64(m.generation%2)*markSlot); err != nil {
		return err
	}
	if sync {
		return m.f.Sync()
	}
	return nil
}

// openDisk opens the disk for one engine in dir and compares the files in it with
// the marks.
func openDisk(fsys FS, dir, markName string) (*Disk, error) {
	marks, files, err := openMarks(fsys, markName)
	if err != nil {
		return nil, typed("open", filepath.Base(markName), err)
	}
	d := &Disk{fs: fsys, marks: marks, tracked: make(map[string]*track)}
	for name, t := range files {
		path := filepath.Join(dir, name)
		content, err := readFile(fsys, path, t.synced)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed, or its name did not survive a crash, before it mattered
		}
		if err != nil {
			return nil, errors.Join(typed("read", name, err), marks.f.Close())
		}
		if int64(len(content)) < t.synced || crc(0, content) != t.syncedAs {
			return nil, errors.Join(fmt.Errorf("%w: %s: synced bytes are damaged or missing", ErrCorrupt, name), marks.f.Close())
		}
		d.tracked[path] = t
	}
	return d, nil
}

package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
)

// Errors of a Watermark. All are ErrWatermark: on any of them, do not sign.
var (
	ErrWatermark        = errors.New("store: watermark forbids to sign")
	ErrWatermarkLow     = fmt.Errorf("%w: lower than what was signed", ErrWatermark)
	ErrWatermarkDamaged = fmt.Errorf("%w: file is damaged", ErrWatermark)
)

// Mark says how far a key has signed: nothing above (Epoch, View), and in that view
// what Digest stands for. A protocol that signs several messages in a view counts
// them in View, so that each has a mark of its own.
type Mark struct {
	Epoch, View uint64
	Digest      [32]byte
}

// less orders marks by epoch, then view.
func (m Mark) less(o Mark) bool {
	return m.Epoch < o.Epoch || m.Epoch == o.Epoch && m.View < o.View
}

func (m Mark) String() string { return fmt.Sprintf("epoch %d view %d", m.Epoch, m.View) }

// Watermark guards a signing key in a file of its own, apart from the store, so that
// a store that was restored from an old copy, or lost its end, does not lead to a
// second signature. Before signing, call Raise, and sign only if it returns nil.
//
// It is safe for concurrent use. One Watermark at a time holds a path.
//
// The file is "rootmark" ‖ epoch (8 bytes) ‖ view (8) ‖ digest (32) ‖ CRC-32C of all
// before (4), numbers big-endian. It is replaced by write, sync, rename and sync of
// the directory.
type Watermark struct {
	fs   FS
	path string
	lock io.Closer

	mu     sync.Mutex
	closed bool
	mark   Mark
	// failed is the mark that an attempt to write may have left on the disk. It binds
	// as well as mark does.
	failed *Mark
}

const (
	watermarkMagic = "rootmark"
	watermarkSize  = len(watermarkMagic) + 8 + 8 + 32 + 4
)

// OpenWatermark opens or creates the file at path, beside which it keeps a lock with
// the suffix ".lock". fsys is nil for OS. A new file has the zero Mark; who knows of
// signatures from elsewhere, such as a log of votes, compares them with Covers first.
// Errors: ErrWatermarkDamaged, ErrLocked, ErrNoSpace, ErrIO.
func OpenWatermark(fsys FS, path string) (*Watermark, error) {
	if fsys == nil {
		fsys = OS()
	}
	if err := makeDir(fsys, filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("store: watermark: %w", err)
	}
	lock, err := fsys.Lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("store: watermark: %w", typed("lock", path, err))
	}
	w := &Watermark{fs: fsys, path: path, lock: lock}
	if err := w.read(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return w, nil
}

func (w *Watermark) read() error {
	raw, err := readFile(w.fs, w.path, int64(watermarkSize)+1)
	if errors.Is(err, fs.ErrNotExist) {
		return w.write(Mark{})
	}
	if err != nil {
		return fmt.Errorf("store: watermark: %w", typed("read", w.path, err))
	}
	if w.mark, err = decodeMarkOf(raw); err != nil {
		return fmt.Errorf("%w: %s", err, w.path)
	}
	// The last rename may not have been synced before a crash.
	return typed("sync", w.path, w.fs.SyncDir(filepath.Dir(w.path)))
}

func decodeMarkOf(raw []byte) (m Mark, err error) {
	if len(raw) != watermarkSize || string(raw[:len(watermarkMagic)]) != watermarkMagic ||
		binary.BigEndian.Uint32(raw[watermarkSize-4:]) != crc(0, raw[:watermarkSize-4]) {
		return Mark{}, ErrWatermarkDamaged
	}
	raw = raw[len(watermarkMagic):]
	m.Epoch, m.View = binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])
	copy(m.Digest[:], raw[16:])
	return m, nil
}

func (w *Watermark) write(m Mark) error {
	b := append(make([]byte, 0, watermarkSize), watermarkMagic...)
	b = binary.BigEndian.AppendUint64(b, m.Epoch)
	b = binary.BigEndian.AppendUint64(b, m.View)
	b = append(b, m.Digest[:]...)
	b = binary.BigEndian.AppendUint32(b, crc(0, b))
	if err := writeFile(w.fs, w.path, b); err != nil {
		w.failed = &m
		return fmt.Errorf("store: watermark: %w", typed("write", w.path, err))
	}
	w.mark, w.failed = m, nil
	return nil
}

// Get returns the mark.
func (w *Watermark) Get() Mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mark
}

// Raise makes a mark durable before what it stands for is signed. It refuses, with
// ErrWatermarkLow, a mark below the present one, and another digest for the same
// epoch and view; the same mark again is fine. After ErrNoSpace or ErrIO do not sign;
// the same mark, or a higher one, may be tried again.
func (w *Watermark) Raise(m Mark) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	if m == w.mark && w.failed == nil {
		return nil
	}
	for _, past := range []*Mark{&w.mark, w.failed} {
		if past != nil && *past != m && *past != (Mark{}) && !past.less(m) {
			return fmt.Errorf("%w: %v after %v", ErrWatermarkLow, m, *past)
		}
	}
	return w.write(m)
}

// Covers returns ErrWatermarkLow if the mark is below one that is known to be signed:
// then the file was restored from an old copy.
func (w *Watermark) Covers(signed Mark) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mark.less(signed) {
		return fmt.Errorf("%w: stands at %v, but %v is signed", ErrWatermarkLow, w.mark, signed)
	}
	return nil
}

// Close releases the lock. Further calls do nothing.
func (w *Watermark) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return w.lock.Close()
}

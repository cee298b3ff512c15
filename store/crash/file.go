package crash

import (
	"io"
	"io/fs"
	"slices"
)

type file struct {
	fs     *FS
	node   *node
	name   string
	offset int64
	closed bool
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return 0, fs.ErrClosed
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.offset)
	f.offset += int64(n)
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if err := f.do("write", func() { f.node.write(off, slices.Clone(p)) }); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *file) Truncate(size int64) error {
	return f.do("truncate", func() { f.node.truncate(size) })
}

func (f *file) Sync() error {
	return f.do("sync", func() { f.node.synced, f.node.pending = f.node.data, nil })
}

func (f *file) do(op string, change func()) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	if err := f.fs.before(op, f.name); err != nil {
		return err
	}
	change()
	return nil
}

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.closed = true
	return nil
}

func (n *node) write(off int64, p []byte) {
	n.pending = append(n.pending, change{off, p})
	n.data = overlay(n.data, off, p)
}

func (n *node) truncate(size int64) {
	n.pending = append(n.pending, change{offset: size})
	n.data = resize(n.data, size)
}

// overlay returns b with p written at off. It shares b's bytes only where it appends.
func overlay(b []byte, off int64, p []byte) []byte {
	if off == int64(len(b)) {
		return append(b, p...)
	}
	out := slices.Clone(b)
	if end := off + int64(len(p)); end > int64(len(out)) {
		out = append(out, make([]byte, end-int64(len(out)))...)
	}
	copy(out[off:], p)
	return out
}

// resize returns b with another length; its capacity is its own.
func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size:size]
	}
	return append(slices.Clone(b), make([]byte, size-int64(len(b)))...)
}

package store

import (
	"errors"
	"io"
	"io/fs"
)

// phantom is what a Disk that pretends keeps of a file after a failed change: what
// was written to it since, in memory, after the prefix that the real file has. The
// engine goes on undisturbed until it is closed, which is soon: it takes no more
// writes, so that a phantom grows by what was on its way to a table.
type phantom struct {
	disk   *Disk
	name   string
	prefix int64
	tail   []byte // guarded by Disk.mu
}

// haunt returns the phantom of a file, which it makes at the first call.
func (d *Disk) haunt(name string, prefix int64) *phantom {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.phantoms == nil {
		d.phantoms = make(map[string]*phantom)
	}
	p := d.phantoms[name]
	if p == nil {
		p = &phantom{disk: d, name: name, prefix: prefix}
		d.phantoms[name] = p
	}
	return p
}

func (d *Disk) phantom(name string) *phantom {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.phantoms[name]
}

func (p *phantom) write(b []byte) {
	p.disk.mu.Lock()
	defer p.disk.mu.Unlock()
	p.tail = append(p.tail, b...)
}

func (p *phantom) size() int64 {
	p.disk.mu.Lock()
	defer p.disk.mu.Unlock()
	return p.prefix + int64(len(p.tail))
}

// ReadAt joins the real prefix and the tail.
func (p *phantom) ReadAt(b []byte, off int64) (n int, err error) {
	if off < p.prefix {
		n, err = p.readPrefix(b[:min(int64(len(b)), p.prefix-off)], off)
		if err != nil || n == len(b) {
			return n, err
		}
		off += int64(n)
	}
	p.disk.mu.Lock()
	defer p.disk.mu.Unlock()
	if at := off - p.prefix; at < int64(len(p.tail)) {
		n += copy(b[n:], p.tail[at:])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (p *phantom) readPrefix(b []byte, off int64) (n int, err error) {
	err = p.disk.read(func() error {
		f, err := p.disk.fs.Open(p.name)
		if err != nil {
			return err
		}
		n, err = f.ReadAt(b, off)
		return errors.Join(err, f.Close())
	})
	return n, err
}

// read runs a read by name. A retired disk refuses it: by then the name may belong to
// another file.
func (d *Disk) read(f func() error) error {
	d.changes.RLock()
	defer d.changes.RUnlock()
	if !d.retired {
		err := f()
		if err == nil || !errors.Is(err, fs.ErrNotExist) || !d.pretend {
			return err
		}
		if fault := d.Fault(); fault != nil {
			return fault
		}
		return err
	}
	if fault := d.Fault(); fault != nil {
		return fault
	}
	return ErrClosed
}

package ringsig

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/curve"
)

// reader takes canonical points and non-zero scalars off an encoding. The first
// failure sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || len(r.b) < n {
		if r.err == nil {
			r.err = fmt.Errorf("%w: too short", ErrEncoding)
		}
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) point() (p curve.Point) {
	b := r.take(curve.PointSize)
	if r.err != nil {
		return p
	}
	p, err := curve.DecodePoint(b)
	if err != nil {
		r.err = fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return p
}

func (r *reader) scalar() (s curve.Scalar) {
	b := r.take(curve.ScalarSize)
	if r.err != nil {
		return s
	}
	s, err := curve.DecodeScalar(b)
	switch {
	case err != nil:
		r.err = fmt.Errorf("%w: %w", ErrEncoding, err)
	case s.IsZero():
		r.err = fmt.Errorf("%w: zero scalar", ErrEncoding)
	}
	return s
}

func (r *reader) done() error {
	if r.err == nil && len(r.b) != 0 {
		return fmt.Errorf("%w: %d trailing bytes", ErrEncoding, len(r.b))
	}
	return r.err
}

package store

import (
	"fmt"
	"slices"
	"strings"
)

// Content says how much is in one space or log. Bytes are those of keys and values,
// as they were written, without prefixes.
type Content struct {
	Kind, Name  string // Kind is "space" or "log"
	Keys, Bytes int64
}

// Check reads the whole store and returns the first damage that it finds, as
// ErrCorrupt or as the backend's error: blocks whose checksum fails, keys outside
// all spaces, logs with bad records. It is slow by nature.
func (s *Store) Check() error {
	_, err := s.Survey()
	return err
}

// Survey is Check, and tells what it has found, sorted by kind and name.
func (s *Store) Survey() ([]Content, error) {
	byPrefix := make(map[string]*Content)
	it := newIterator(s, nil, nil, nil, 0, false)
	defer it.Close()
	for it.Next() {
		key := it.Key()
		if string(key) == formatKey {
			continue
		}
		size := int(key[0] &^ logMark)
		if size == 0 || size > maxName || len(key) < 1+size {
			return nil, fmt.Errorf("%w: key %x is in no space", ErrCorrupt, key)
		}
		c := byPrefix[string(key[:1+size])]
		if c == nil {
			c = &Content{Kind: "space", Name: string(key[1 : 1+size])}
			if key[0]&logMark != 0 {
				c.Kind = "log"
			}
			byPrefix[string(key[:1+size])] = c
		}
		c.Keys++
		c.Bytes += int64(len(key)-1-size) + int64(len(it.Value()))
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	var all []Content
	for _, c := range byPrefix {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Content) int { return strings.Compare(a.Kind+" "+a.Name, b.Kind+" "+b.Name) })
	for _, c := range all {
		if c.Kind != "log" {
			continue
		}
		if err := s.Log(c.Name).Replay(func(uint64, []byte) error { return nil }); err != nil {
			return nil, err
		}
	}
	return all, nil
}

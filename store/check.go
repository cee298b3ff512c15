package store

import "fmt"

// Check reads the whole store and returns the first damage that it finds, as
// ErrCorrupt or as the backend's error: blocks whose checksum fails, keys outside
// all spaces, logs with bad records. It is slow by nature.
func (s *Store) Check() error {
	it := newIterator(s, nil, nil, nil, 0, false)
	defer it.Close()
	logs := make(map[string]bool)
	for it.Next() {
		key := it.Key()
		if string(key) == formatKey {
			continue
		}
		size := int(key[0] &^ logMark)
		if key[0] > logMark|maxName || size == 0 || size > maxName || len(key) < 1+size {
			return fmt.Errorf("%w: key %x is in no space", ErrCorrupt, key)
		}
		if key[0]&logMark != 0 {
			logs[string(key[1:1+size])] = true
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	for name := range logs {
		if err := s.Log(name).Replay(func(uint64, []byte) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

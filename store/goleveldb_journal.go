package store

import (
	"encoding/binary"
	"errors"
)

var errJournal = errors.New("damage before a whole record")

// The format of LevelDB's journals: blocks of 32 KiB hold chunks of a masked CRC-32C
// of type and payload (4 bytes, little-endian), the payload's length (2), a type and
// the payload. A record is one full chunk, or a first, any number of middle and a
// last one. Less than a head of space at a block's end is left empty.
const (
	journalBlock = 32 << 10
	journalHead  = 7

	chunkFull   = 1
	chunkFirst  = 2
	chunkMiddle = 3
	chunkLast   = 4
)

// wholeRecords returns the length of the prefix of a journal that consists of whole
// records. Every record is synced before the next one is begun, so that a crash can
// only tear the last: if anything follows the prefix with which a record begins, the
// damage is no torn end, and an error says so.
func wholeRecords(b []byte) (whole int, err error) {
	at, inside := 0, false
	for at < len(b) {
		kind, next := chunkAt(b, at)
		starts := kind == chunkFull || kind == chunkFirst
		if kind == 0 || starts == inside {
			if beginsAfter(b, next) || starts {
				return whole, errJournal
			}
			return whole, nil
		}
		at = next
		inside = kind == chunkFirst || kind == chunkMiddle
		if !inside {
			whole = at
		}
	}
	return whole, nil
}

// beginsAfter tells whether a sound chunk that begins a record lies at or after a
// position from which chunks can be found.
func beginsAfter(b []byte, at int) bool {
	for at < len(b) {
		kind, next := chunkAt(b, at)
		if kind == chunkFull || kind == chunkFirst {
			return true
		}
		at = next
	}
	return false
}

// chunkAt reads the chunk at a position. It returns the kind, 0 if the chunk is
// damaged, and the position of the next one: after a damaged chunk the one that its
// length points to, if that is possible, else the next block.
func chunkAt(b []byte, at int) (kind byte, next int) {
	blockEnd := (at/journalBlock + 1) * journalBlock
	if blockEnd-at < journalHead {
		at, blockEnd = blockEnd, blockEnd+journalBlock
	}
	if len(b)-at < journalHead {
		return 0, blockEnd
	}
	end := at + journalHead + int(binary.LittleEndian.Uint16(b[at+4:]))
	if end > min(blockEnd, len(b)) || b[at+6] == 0 {
		return 0, blockEnd
	}
	sum := crc(0, b[at+6:end])
	masked := (sum>>15 | sum<<17) + 0xa282ead8
	if binary.LittleEndian.Uint32(b[at:]) != masked || b[at+6] > chunkLast {
		return 0, end
	}
	return b[at+6], end
}

package ledger

import "slices"

// MaxLogTopics is how many topics a log has at most: LOG4.
const MaxLogTopics = 4

// LogFilter selects logs as eth_getLogs does: from any of the addresses and, in
// every position, with any of that position's topics. An empty list admits all; a
// position demands that the log has a topic there even if its list is empty.
type LogFilter struct {
	Addresses []Address
	Topics    [][]Hash
}

// Matches reports whether the filter admits a log.
func (f *LogFilter) Matches(l *Log) bool {
	if len(f.Addresses) > 0 && !slices.Contains(f.Addresses, l.Address) {
		return false
	}
	if len(f.Topics) > len(l.Topics) {
		return false
	}
	for i, choices := range f.Topics {
		if len(choices) > 0 && !slices.Contains(choices, l.Topics[i]) {
			return false
		}
	}
	return true
}

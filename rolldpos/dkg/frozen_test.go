package dkg

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncodingsAreFrozen(t *testing.T) {
	h := sha256.New()
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.mutate = func(m Message) Message {
		h.Write(m.AppendBinary(nil))
		return m
	}
	w.enrol()
	w.deal()
	accuse(w, 3, 0)
	w.justify()
	w.finish()
	for _, b := range w.kept {
		h.Write(b)
	}
	require.Equal(t, "0889db73be70176d301b606896a5568f025f72cb833af576b1edaf996c08f4be", hex.EncodeToString(h.Sum(nil)))
}

func FuzzDecode(f *testing.F) {
	w := newWorld(f, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.mutate = func(m Message) Message {
		f.Add(m.AppendBinary(nil))
		return m
	}
	w.enrol()
	w.deal()
	accuse(w, 3, 0)
	w.justify()
	w.finish()
	f.Add(w.kept[0])
	f.Add(w.members[0].Group.Encode())
	other := *w.c
	other.Era++
	rules := other.Rules()
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := DecodeMessage(b); err == nil {
			require.Equal(t, b, m.AppendBinary(nil))
			require.Error(t, rules.Check(m, w.c.Seats.Keys[m.Author()%4]))
			if d, ok := m.(*Deal); ok && d.Dealer < 4 {
				require.Error(t, w.log.rules.CheckDeal(d, make([]bool, 4), nil))
			}
		}
		if m, err := DecodeMember(b); err == nil {
			require.Equal(t, b, m.Encode())
		}
		if g, err := DecodeGroup(b); err == nil {
			require.Equal(t, b, g.Encode())
		}
	})
}

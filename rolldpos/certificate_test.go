package rolldpos

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// testCertificate is signed by the given seats of a committee of n.
func testCertificate(n int, x Certificate, seats ...int) (*Committee, *Certificate) {
	c, signers := testCommittee(n)
	sigs := make([]*[64]byte, n)
	for _, i := range seats {
		sig := signers[i].Sign(VoteDigest(testGenesis, x.Epoch, x.View, x.Kind, x.Block))
		sigs[i] = &sig
	}
	x.Signatures = Collect(sigs)
	return c, &x
}

func commitOf(block Hash) Certificate {
	return Certificate{Epoch: 1, View: 9, Kind: Commit, Block: block}
}

func TestCertificateHoldsWithAQuorumOnly(t *testing.T) {
	for n, q := range map[int]int{1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 10: 7, 24: 17, 36: 25} {
		seats := make([]int, n)
		for i := range seats {
			seats[i] = n - 1 - i
		}
		c, x := testCertificate(n, commitOf(testAnchor), seats[:q]...)
		require.Equal(t, q, c.Quorum())
		require.NoError(t, x.Verify(testGenesis, c), "n=%d", n)
		_, x = testCertificate(n, commitOf(testAnchor), seats...)
		require.NoError(t, x.Verify(testGenesis, c), "n=%d, all", n)
		_, x = testCertificate(n, commitOf(testAnchor), seats[:q-1]...)
		require.ErrorIs(t, x.Verify(testGenesis, c), ErrQuorum, "n=%d", n)
	}
}

func TestCertificateBindsEveryField(t *testing.T) {
	c, good := testCertificate(7, commitOf(testAnchor), 0, 2, 3, 5, 6)
	require.NoError(t, good.Verify(testGenesis, c))
	for name, mutate := range map[string]func(x *Certificate, c *Committee, genesis *Hash){
		"genesis":             func(_ *Certificate, _ *Committee, g *Hash) { g[0] ^= 1 },
		"epoch":               func(x *Certificate, _ *Committee, _ *Hash) { x.Epoch++ },
		"epoch and committee": func(x *Certificate, c *Committee, _ *Hash) { x.Epoch++; c.Epoch++ },
		"view":                func(x *Certificate, _ *Committee, _ *Hash) { x.View++ },
		"view zero":           func(x *Certificate, _ *Committee, _ *Hash) { x.View = 0 },
		"view huge":           func(x *Certificate, _ *Committee, _ *Hash) { x.View = maxView },
		"kind":                func(x *Certificate, _ *Committee, _ *Hash) { x.Kind = Prepare },
		"kind nullify":        func(x *Certificate, _ *Committee, _ *Hash) { x.Kind = Nullify },
		"kind unknown":        func(x *Certificate, _ *Committee, _ *Hash) { x.Kind = 4 },
		"block":               func(x *Certificate, _ *Committee, _ *Hash) { x.Block[31] ^= 1 },
		"block zero":          func(x *Certificate, _ *Committee, _ *Hash) { x.Block = Hash{} },
		"signature":           func(x *Certificate, _ *Committee, _ *Hash) { x.Sigs[4][63] ^= 1 },
		"signatures swapped":  func(x *Certificate, _ *Committee, _ *Hash) { x.Sigs[0], x.Sigs[1] = x.Sigs[1], x.Sigs[0] },
		"signature twice":     func(x *Certificate, _ *Committee, _ *Hash) { x.Sigs[1] = x.Sigs[0] },
		"signature missing":   func(x *Certificate, _ *Committee, _ *Hash) { x.Sigs = x.Sigs[:4] },
		"signature extra":     func(x *Certificate, _ *Committee, _ *Hash) { x.Sigs = append(x.Sigs, x.Sigs[0]) },
		"signer and bit less": func(x *Certificate, _ *Committee, _ *Hash) { x.Bitmap[0] &= 0x3f; x.Sigs = x.Sigs[:4] },
		"bit moved":           func(x *Certificate, _ *Committee, _ *Hash) { x.Bitmap[0] ^= 3 },
		"padding bit":         func(x *Certificate, _ *Committee, _ *Hash) { x.Bitmap[0] |= 0x80 },
		"padding bit, signed": func(x *Certificate, _ *Committee, _ *Hash) {
			x.Bitmap[0] |= 0x80
			x.Sigs = append(x.Sigs, x.Sigs[4])
		},
		"bitmap longer":  func(x *Certificate, _ *Committee, _ *Hash) { x.Bitmap = append(x.Bitmap, 0) },
		"bitmap shorter": func(x *Certificate, _ *Committee, _ *Hash) { x.Bitmap = nil },
		"foreign key":    func(_ *Certificate, c *Committee, _ *Hash) { c.Keys[2] = testKey(99).Public().(ed25519.PublicKey) },
		"seats swapped":  func(_ *Certificate, c *Committee, _ *Hash) { c.Keys[2], c.Keys[3] = c.Keys[3], c.Keys[2] },
		"no committee":   func(_ *Certificate, c *Committee, _ *Hash) { c.Keys = nil },
		"more seats": func(_ *Certificate, c *Committee, _ *Hash) {
			c.Keys = append(c.Keys, testKey(98).Public().(ed25519.PublicKey))
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := DecodeCertificate(good.AppendBinary(nil))
			require.NoError(t, err)
			committee, err := DecodeCommittee(c.AppendBinary(nil))
			require.NoError(t, err)
			genesis := testGenesis
			mutate(x, committee, &genesis)
			require.ErrorIs(t, x.Verify(genesis, committee), ErrInvalid)
		})
	}
}

func TestCertificateOfNoSeatsIsRefusedByNoCommittee(t *testing.T) {
	x := commitOf(testAnchor)
	require.ErrorIs(t, x.Verify(testGenesis, &Committee{Epoch: 1}), ErrQuorum)
}

func TestDigestsDiffer(t *testing.T) {
	seen := map[[32]byte]bool{}
	add := func(d [32]byte) {
		require.False(t, seen[d])
		seen[d] = true
	}
	for _, k := range []Kind{Prepare, Commit, Nullify} {
		add(VoteDigest(testGenesis, 1, 2, k, testAnchor))
	}
	add(VoteDigest(testAnchor, 1, 2, Prepare, testAnchor))
	add(VoteDigest(testGenesis, 2, 1, Prepare, testAnchor))
	add(VoteDigest(testGenesis, 1, 2, Prepare, testGenesis))
	add(ProposalDigest(testGenesis, 1, 2, 1, testGenesis, testAnchor))
	add(ProposalDigest(testGenesis, 1, 2, 1, testAnchor, testGenesis))
	add(ProposalDigest(testGenesis, 1, 2, 0, testGenesis, testAnchor))
	add(CheckpointDigest(testGenesis, 1, testAnchor))
	add(CheckpointDigest(testGenesis, 2, testAnchor))
	add(CheckpointDigest(testAnchor, 1, testAnchor))
	for _, s := range []Status{{}, {Epoch: 1}, {View: 1}, {Final: 1}, {Seat: 1}} {
		add(statusDigest(testGenesis, &s))
	}
	add(selfTestDigest(testGenesis))
}

func TestEncodingsAreFrozen(t *testing.T) {
	c, x := testCertificate(4, commitOf(testAnchor), 0, 1, 3)
	var all []byte
	for _, m := range messages(t) {
		all = m.AppendBinary(all)
	}
	for _, x := range []struct {
		name, want string
		have       Hash
	}{
		{"vote", "4022f62f51854ee13d012042404ae671d6f5667631e7c2cbd2f952925ca79cb0", VoteDigest(testGenesis, 1, 2, Commit, testAnchor)},
		{"proposal", "46d2d867f53f5c4be14038b293ccf8c04552433c410ae8bd5756a97b6fa5c20c", ProposalDigest(testGenesis, 1, 5, 3, testAnchor, testGenesis)},
		{"checkpoint", "9a472532854d2f35f6b0cd4788c18ebbaaca25d9220a88244d8c34bbdd01e483", CheckpointDigest(testGenesis, 7, testAnchor)},
		{"status", "944a77838a60233959abb2652d4b597dd7fd569b4b3b0efc9055a0445184da5a", statusDigest(testGenesis, &Status{Epoch: 1, Seat: 2, View: 3, Final: 4, Query: 5, Answer: 6})},
		{"committee", "a3c9140d5d6830e942d6f5e233283db26635f61e665c34eb82f0b89bb44eb56c", c.Hash()},
		{"messages", "6764cfe01d2a728abb0a8118781fa509882f0d8f52891a50bfde359b95dca8a8", keccakOf(all)},
		{"record", "4db7f569365a33459a7eff5404b400ec4cad1eef1999ef3e795e9fcd870985e8", keccakOf((&Record{Proposal: proposalOf(1, blockA), Vote: voteOf(0, 1, Prepare, blockA)}).AppendBinary(nil))},
		{"certificate", "3f2f424a9c6b420edafde098d92557948a35a9e828ee9606a2ed4e878c2e99eb", keccakOf(x.AppendBinary(nil))},
	} {
		require.Equal(t, x.want, hex.EncodeToString(x.have[:]), x.name)
	}
}

func TestCommitteeRefusesUnfitKeys(t *testing.T) {
	good, _ := testCommittee(4)
	require.NoError(t, good.Validate())
	with := func(key []byte) error {
		c, _ := testCommittee(4)
		c.Keys[2] = key
		return c.Validate()
	}
	require.ErrorIs(t, with(nil), ErrCommittee)
	require.ErrorIs(t, with(good.Keys[2][:31]), ErrCommittee)
	require.ErrorIs(t, with(good.Keys[0]), ErrCommittee, "twice")
	// The points of order 1, 2, 4 and 8, some with their sign bit, and p, p + 1 in
	// place of 0 and 1.
	for _, s := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		key, err := hex.DecodeString(s)
		require.NoError(t, err)
		require.ErrorIs(t, with(key), ErrCommittee, s)
	}
	// No point of the curve has this y.
	require.ErrorIs(t, with(append([]byte{2}, make([]byte, 31)...)), ErrCommittee)
	require.ErrorIs(t, (&Committee{}).Validate(), ErrCommittee)
	many := &Committee{}
	for i := range 256 {
		many.Keys = append(many.Keys, testKey(i).Public().(ed25519.PublicKey))
	}
	require.ErrorIs(t, many.Validate(), ErrCommittee)
	many.Keys = many.Keys[:255]
	require.NoError(t, many.Validate())
	back, err := DecodeCommittee(many.AppendBinary(nil))
	require.NoError(t, err)
	require.Equal(t, many.Hash(), back.Hash())
}

func TestCommitteeHashBindsKeysTheirOrderAndNumber(t *testing.T) {
	a, _ := testCommittee(4)
	b, _ := testCommittee(5)
	c, _ := testCommittee(4)
	c.Keys[0], c.Keys[1] = c.Keys[1], c.Keys[0]
	require.NotEqual(t, a.Hash(), b.Hash())
	require.NotEqual(t, a.Hash(), c.Hash())
	require.Equal(t, a.Hash(), a.At(7).Hash(), "an unchanged committee keeps its hash")
}

func TestLeadersTakeTurns(t *testing.T) {
	c, _ := testCommittee(4)
	seen := map[int]int{}
	for v := View(1); v <= 8; v++ {
		seen[c.Leader(v)]++
		require.Equal(t, (c.Leader(v)+1)%4, c.At(2).Leader(v))
	}
	require.Equal(t, map[int]int{0: 2, 1: 2, 2: 2, 3: 2}, seen)
}

func messages(t testing.TB) []Message {
	_, commit := testCertificate(4, commitOf(testAnchor), 0, 1, 3)
	_, null := testCertificate(4, Certificate{Epoch: 1, View: 10, Kind: Nullify}, 0, 1, 2)
	p := &Proposal{Epoch: 1, View: 11, Block: testGenesis, ParentView: 9, Parent: testAnchor, ParentCert: commit, Nullified: []*Certificate{null}}
	first := &Proposal{Epoch: 1, View: 1, Block: testGenesis, Parent: testAnchor}
	v := &Vote{Epoch: 1, View: 3, Kind: Prepare, Block: testAnchor, Seat: 2, Sig: [64]byte{1}}
	s := &Status{Epoch: 1, Seat: 3, View: 8, Final: 7, Sig: [64]byte{2}}
	q := &Status{Epoch: 1, Seat: 3, View: 8, Final: 7, Query: 1 << 63, Answer: 6, Sig: [64]byte{3}}
	return []Message{commit, null, p, first, v, s, q}
}

func TestMessagesSurviveTheirEncoding(t *testing.T) {
	for _, m := range messages(t) {
		raw := m.AppendBinary([]byte("x"))[1:]
		back, err := DecodeMessage(raw)
		require.NoError(t, err)
		require.Equal(t, m, back)
		for i := range raw {
			_, err := DecodeMessage(raw[:i])
			require.ErrorIs(t, err, ErrEncoding)
		}
		_, err = DecodeMessage(append(bytes.Clone(raw), 0))
		require.ErrorIs(t, err, ErrEncoding)
	}
	_, err := DecodeMessage(make([]byte, MaxMessage+1))
	require.ErrorIs(t, err, ErrEncoding)
	_, err = DecodeCertificate(messages(t)[2].AppendBinary(nil))
	require.ErrorIs(t, err, ErrEncoding, "a proposal is no certificate")
}

func TestProposalRefusesForeignJustification(t *testing.T) {
	c, signers := testCommittee(4)
	sign := func(p *Proposal) *Proposal {
		p.Sig = signers[c.Leader(p.View)].Sign(p.digest(testGenesis))
		return p
	}
	base := func() *Proposal { return messages(t)[2].(*Proposal) }
	require.NoError(t, sign(base()).Verify(testGenesis, c))
	for name, mutate := range map[string]func(*Proposal){
		"parent's view":      func(p *Proposal) { p.ParentView = 8 },
		"parent's hash":      func(p *Proposal) { p.Parent = Hash{9} },
		"parent's kind":      func(p *Proposal) { p.ParentCert.Kind = Nullify },
		"parent's epoch":     func(p *Proposal) { p.ParentCert.Epoch = 2 },
		"nullified view":     func(p *Proposal) { p.Nullified[0].View = 9 },
		"nullified own view": func(p *Proposal) { p.Nullified[0].View = 11 },
		"nullified kind":     func(p *Proposal) { p.Nullified[0].Kind = Commit },
		"nullified epoch":    func(p *Proposal) { p.Nullified[0].Epoch = 2 },
		"view":               func(p *Proposal) { p.View = 9 },
		"epoch":              func(p *Proposal) { p.Epoch = 2 },
		"no block":           func(p *Proposal) { p.Block = Hash{} },
	} {
		p := base()
		mutate(p)
		require.ErrorIs(t, sign(p).Verify(testGenesis, c), ErrInvalid, name)
	}
	p := sign(base())
	p.Block[0] ^= 1
	require.ErrorIs(t, p.Verify(testGenesis, c), ErrSignature)
}

func FuzzDecodeMessage(f *testing.F) {
	for _, m := range messages(f) {
		f.Add(m.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeMessage(b)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			return
		}
		require.Equal(t, b, m.AppendBinary(nil))
	})
}

func FuzzDecodeCommittee(f *testing.F) {
	c, _ := testCommittee(4)
	f.Add(c.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := DecodeCommittee(b); err == nil {
			require.Equal(t, b, c.AppendBinary(nil))
		}
	})
}

func FuzzDecodeSignatures(f *testing.F) {
	_, x := testCertificate(4, commitOf(testAnchor), 0, 1, 3)
	f.Add(x.Signatures.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := DecodeSignatures(b); err == nil {
			require.Equal(t, b, s.AppendBinary(nil))
		}
	})
}

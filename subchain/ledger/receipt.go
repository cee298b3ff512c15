package ledger

import (
	"bytes"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
)

// Bloom is Ethereum's 2048-bit filter over addresses and topics of logs.
type Bloom [256]byte

// Add sets the three bits of an address or topic.
func (b *Bloom) Add(item []byte) {
	h := keccak.Sum256(item)
	for i := 0; i < 6; i += 2 {
		bit := (uint(h[i])<<8 | uint(h[i+1])) & 2047
		b[255-bit/8] |= 1 << (bit % 8)
	}
}

// MayHold reports whether item may have been added.
func (b *Bloom) MayHold(item []byte) bool {
	var one Bloom
	one.Add(item)
	for i := range one {
		if one[i]&^b[i] != 0 {
			return false
		}
	}
	return true
}

// Receipt is the outcome of one transaction. Type, Success, CumulativeGas and Logs
// are under the receipts root; the rest is derived and kept for those who ask.
type Receipt struct {
	Type          uint8
	Success       bool
	CumulativeGas uint64 // used in the block up to and with this transaction
	Logs          []Log

	TxHash   Hash
	GasUsed  uint64
	GasPrice uint256.Int // effective, wei per gas
	Contract *Address    // created by the transaction
}

// Bloom returns the filter of the receipt's logs.
func (r *Receipt) Bloom() (b Bloom) {
	for i := range r.Logs {
		b.Add(r.Logs[i].Address[:])
		for j := range r.Logs[i].Topics {
			b.Add(r.Logs[i].Topics[j][:])
		}
	}
	return b
}

// Envelope returns Ethereum's consensus encoding, which the receipts root covers.
func (r *Receipt) Envelope() []byte {
	var status uint64
	if r.Success {
		status = 1
	}
	p := rlp.AppendUint(nil, status)
	p = rlp.AppendUint(p, r.CumulativeGas)
	bloom := r.Bloom()
	p = rlp.AppendBytes(p, bloom[:])
	p = appendLogs(p, r.Logs)
	if r.Type == LegacyTx {
		return rlp.AppendList(nil, p)
	}
	return rlp.AppendList([]byte{r.Type}, p)
}

func appendLogs(dst []byte, logs []Log) []byte {
	var p []byte
	for i := range logs {
		l := rlp.AppendBytes(nil, logs[i].Address[:])
		var topics []byte
		for j := range logs[i].Topics {
			topics = rlp.AppendBytes(topics, logs[i].Topics[j][:])
		}
		l = rlp.AppendList(l, topics)
		l = rlp.AppendBytes(l, logs[i].Data)
		p = rlp.AppendList(p, l)
	}
	return rlp.AppendList(dst, p)
}

// LogsHash is the Keccak-256 of the RLP of logs, as state tests give it.
func LogsHash(logs []Log) Hash { return keccak.Sum256(appendLogs(nil, logs)) }

// AppendRLP appends the form in which receipts are stored: all fields, no bloom.
func (r *Receipt) AppendRLP(dst []byte) []byte {
	var status uint64
	if r.Success {
		status = 1
	}
	p := rlp.AppendUint(nil, uint64(r.Type))
	p = rlp.AppendUint(p, status)
	p = rlp.AppendUint(p, r.CumulativeGas)
	p = appendLogs(p, r.Logs)
	p = rlp.AppendBytes(p, r.TxHash[:])
	p = rlp.AppendUint(p, r.GasUsed)
	p = rlp.AppendInteger(p, r.GasPrice.Bytes())
	if r.Contract == nil {
		p = rlp.AppendBytes(p, nil)
	} else {
		p = rlp.AppendBytes(p, r.Contract[:])
	}
	return rlp.AppendList(dst, p)
}

// DecodeReceipt reads what AppendRLP wrote.
func DecodeReceipt(b []byte) (*Receipt, error) {
	r := new(Receipt)
	d := rlp.NewDecoder(b)
	typ, status := d.Uint(), d.Uint()
	r.CumulativeGas = d.Uint()
	r.Logs = decodeLogs(d)
	d.Fixed(r.TxHash[:])
	r.GasUsed = d.Uint()
	word(d, &r.GasPrice)
	switch c := d.Bytes(); len(c) {
	case 0:
	case 20:
		r.Contract = (*Address)(append([]byte(nil), c...))
	default:
		d.Fail(rlp.ErrLength)
	}
	if typ > 0x7f || status > 1 {
		d.Fail(rlp.ErrInteger)
	}
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("ledger: receipt: %w", err)
	}
	r.Type, r.Success = uint8(typ), status == 1
	return r, nil
}

// DecodeReceiptEnvelope reads what Envelope returned; the fields that the receipts root
// does not cover stay zero. A bloom that is not that of the logs is refused.
func DecodeReceiptEnvelope(b []byte) (*Receipt, error) {
	r := new(Receipt)
	list := b
	if len(b) > 0 && b[0] <= 0x7f {
		r.Type, list = b[0], b[1:]
	}
	d := rlp.NewDecoder(list)
	r.Success = d.Uint() == 1
	r.CumulativeGas = d.Uint()
	var bloom Bloom
	d.Fixed(bloom[:])
	r.Logs = decodeLogs(d)
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("ledger: receipt: %w", err)
	}
	if !bytes.Equal(r.Envelope(), b) {
		return nil, fmt.Errorf("ledger: receipt: %w: not canonical", rlp.ErrInvalid)
	}
	return r, nil
}

func decodeLogs(d *rlp.Decoder) (logs []Log) {
	d.Each(func(item *rlp.Decoder) {
		l := item.List()
		var log Log
		l.Fixed(log.Address[:])
		l.Each(func(t *rlp.Decoder) {
			var h Hash
			t.Fixed(h[:])
			log.Topics = append(log.Topics, h)
		})
		log.Data = append([]byte(nil), l.Bytes()...)
		if err := l.Done(); err != nil {
			item.Fail(err)
			return
		}
		logs = append(logs, log)
	})
	return logs
}

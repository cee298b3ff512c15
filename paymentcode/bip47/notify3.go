package bip47

import (
	"crypto/subtle"

	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// Notification holds the three keys of the output 1 A F G 3 CHECKMULTISIG that
// notifies a payee of version 3. F and G have 33 bytes each from a payer of version
// 3, and 65 from one of version 1.
type Notification struct {
	A    [33]byte
	F, G []byte
}

// Notify makes the notification of version 3. change is the private key of A, which
// the payer's wallet made for the change of the transaction. Constant time.
func Notify(payer Code, change [32]byte, payee Code) (Notification, error) {
	if payee.version != V3 {
		return Notification{}, ErrVersion
	}
	secret, err := ec.ParseScalar(change[:])
	if err != nil {
		return Notification{}, ErrKey
	}
	var n Notification
	if n.A, err = ec.Public(secret); err != nil {
		return Notification{}, ErrKey
	}
	pub, err := payee.Key(0)
	if err != nil {
		return Notification{}, err
	}
	sx, err := sharedX(secret, pub)
	if err != nil {
		return Notification{}, err
	}
	id, s := payee.Identifier(payer.version), mac(sx, n.A[:])
	switch payer.version {
	case V3:
		g := payer.pub
		subtle.XORBytes(g[1:], g[1:], s[:32])
		n.F, n.G = append([]byte{2}, id[:]...), g[:]
	case V1:
		long := payer.Long()
		mask(&long, s)
		n.F = append(append([]byte{4}, id[:]...), long[:32]...)
		n.G = append(append([]byte{4}, long[32:]...), make([]byte, 16)...)
	default:
		return Notification{}, ErrVersion
	}
	return n, nil
}

// Open reads the payer's code from a notification of version 3 to this account, or
// returns ErrNotification.
func (a *Account) Open(n Notification) (Code, error) {
	if a.code.version != V3 {
		return Code{}, ErrVersion
	}
	sender := V3
	switch {
	case len(n.F) == 33 && len(n.G) == 33 && (n.F[0] == 2 || n.F[0] == 3):
	case len(n.F) == 65 && len(n.G) == 65 && n.F[0] == 4 && n.G[0] == 4:
		sender = V1
	default:
		return Code{}, ErrNotification
	}
	if a.code.Identifier(sender) != [32]byte(n.F[1:]) {
		return Code{}, ErrNotification
	}
	secret, err := a.secret(0)
	if err != nil {
		return Code{}, err
	}
	sx, err := sharedX(secret, n.A)
	if err != nil {
		return Code{}, ErrNotification
	}
	s := mac(sx, n.A[:])
	var c Code
	if sender == V3 {
		pub := [33]byte(n.G)
		subtle.XORBytes(pub[1:], pub[1:], s[:32])
		c, err = newCode(V3, pub, [32]byte{})
	} else {
		long := [80]byte(append(append([]byte{}, n.F[33:]...), n.G[1:49]...))
		mask(&long, s)
		c, err = Decode(long[:])
	}
	if err != nil || c.version != sender {
		return Code{}, ErrNotification
	}
	return c, nil
}

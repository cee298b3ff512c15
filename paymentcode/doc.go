// Package paymentcode hides who is paid. A payee publishes one code; each payer
// notifies it once, and then pays to keys that nobody can tell from random ones and
// that the payee finds by looking tags up in a table.
//
// A payee calls Derive with a seed (package hd makes one from words), publishes
// Keys.Code, gives every notification that it sees to ViewKey.Open, adds the channels
// to an Inbox, and asks Inbox.Find about the tag of every event. Incoming.Check tells
// a payment from a copied tag; Keys.OneTime gives the key to spend it. A payer calls
// ViewKey.Pay and Payer.Next.
//
// Use package erc5564 instead for a single payment to somebody who expects stealth
// addresses; packages bip47 and bip352 are Bitcoin's ways to the same end.
//
// # Notation
//
// G generates secp256k1, of order n. Capital letters are points, compressed as in
// SEC 1 (33 bytes); small letters are scalars. ‖ joins bytes; every part below has a
// fixed size, so nothing is ambiguous. Integers are big-endian. H is SHA-256, and
// HKDF(ikm, salt, info, size) is that of RFC 5869 over SHA-256. The payee has (b, B)
// to spend and (v, V) to view; the payer has (w, W) to view.
//
// # Codes
//
//	code  = version (1 byte, 1) ‖ flags (1) ‖ B (33) ‖ V (33)           68 bytes
//	text  = bech32m("rspay", version as the first character, the rest)  121 characters
//	flags = number of bucket bits, 0 to 12; the upper four bits are zero
//
// B and V must be on the curve, not the identity, and differ in x. The keys of a seed
// lie at m/28771'/account'/delegated'/0' (b) and /1' (v) of BIP-32.
//
// # Notification
//
// 127 bytes, once for each pair, direction and epoch. Same inputs, same bytes:
//
//	  0    1  version, 1
//	  1    2  bucket: the first bits of H("rootstem/paycode1/bucket" ‖ payee's code),
//	          as many as its flags say, then bits of noise
//	  3   33  R = r·G
//	 36    4  tag
//	 40   67  pad XOR (payer's code without its version)
//	107    4  the epoch, encrypted
//	111   16  Poly1305
//
//	r ‖ noise  = HKDF(w, "rootstem/paycode1/ephemeral", payer's code ‖ payee's code ‖
//	             epoch (4) ‖ try (1), 34), try = 0, 1, … until 0 < r < n
//	ES         = r·V = v·R;  SS = w·V = v·W
//	head       = bytes 0 to 35
//	tag ‖ pad  = HKDF(ES, "rootstem/paycode1/notify", head ‖ payee's code, 71)
//	key        = HKDF(ES ‖ SS, "rootstem/paycode1/seal", head ‖ payee's code ‖ payer's
//	             code, 32)
//	bytes 107… = ChaCha20-Poly1305(key, nonce 0, epoch, associated data = bytes 0 to 106)
//
// It is the one-way pattern X of the Noise framework (e, es, s, ss) with one
// authentication tag at the end. The tag of four bytes only saves work; the AEAD
// decides. A carrier without V cannot tell for whom a notification is, from whom, or
// whether two of them share an end; it can drop it, delay it and repeat it.
//
// # Ratchet
//
//	k_0     = HKDF(ES ‖ SS, "rootstem/paycode1/root", head ‖ payee's code ‖ payer's code ‖
//	          epoch (4) ‖ chain (8), 32)
//	k_{i+1} = H("rootstem/paycode1/chain" ‖ k_i)
//	tag_i   = H("rootstem/paycode1/event" ‖ k_i), the first 8 bytes
//	t_i     = H("rootstem/paycode1/tweak" ‖ k_i); an index with t_i not in [1, n) is
//	          skipped
//	s_i     = H("rootstem/paycode1/share" ‖ k_i), for the application
//	P_i     = B + t_i·G, whose private key is b + t_i; i < 2^32 − 1
//
// Each H is one block of SHA-256 (23 + 32 bytes), so that a tag costs two blocks and
// a small device can look ahead. The payer emits tag_i in the open beside the payment
// to P_i, for example in an indexed topic.
//
// # Tiers
//
//   - Spend (Keys): on the device.
//   - View (ViewKey, Channel, Inbox): opens notifications, finds payments, knows their
//     keys' public halves and every payer. It cannot spend. It can also send
//     notifications in the code's name, and, as it knows v, forge ones to itself.
//   - Detection: a relay that is told Code.Filter passes on the notifications of a
//     bucket; one that is told Inbox.Prefixes passes on events whose tags begin alike.
//     Both have false positives and no false negatives, and no secret.
//
// One private key b + t_i together with t_i is b. The payer and the view tier know
// t_i. So a code decides at its derivation who may have what: with
// Options.Delegated the view key can be exported and one-time keys cannot, and
// otherwise the other way round; the choice is part of the path and survives a
// restore. OneTimeKey.Lend exists for signers of the same process.
//
// # Loss, replay, reordering, restore
//
// A notification can arrive before or after the payments and any number of times. An
// Inbox follows a channel through Ahead − 1 lost payments in a row and tells up to
// Behind late ones; beyond, Inbox.Seek and Channel.Tags find them. A replayed event
// is reported as seen. Copying a tag beside another address gains nothing but one
// Incoming.Check. Payee: seed, notifications and events restore everything.
// Payer: the seed and a way to ask which tags were used, see Payer.Resume; without
// it, the next epoch. Two devices that pay from one seed take different epochs, or
// they pay to the same keys.
//
// # Claims
//
// Under the gap Diffie-Hellman assumption on secp256k1, with HKDF and SHA-256 as
// random oracles and ChaCha20-Poly1305 as an AEAD: who holds none of v, w and r learns
// from notifications, tags and keys neither end nor whether two of them belong
// together; an opened notification was made with w (or with v, by the payee itself);
// only b spends; tags are unforgeable before their payment is known. The bucket's
// bits are given away on purpose, only by those who opt in.
//
// # Not claimed
//
//   - Forward secrecy: v opens all notifications ever sent to the code. Who learns a
//     k_i has every later payment of that channel and no earlier one, until the next
//     epoch; t_i and s_i alone tell nothing about others.
//   - Unlinkability of carriers: the same notification on two chains, or twice on one,
//     shows as the same. Carry it once.
//   - Amounts, times, the payer's account and network addresses are not hidden; the
//     first two link payments. Package ringsig hides the spender.
//   - Proof to third parties: the payee could have made any notification itself.
//   - Commitment of the AEAD to its key: a payer can try 2^32 times for bytes that two
//     of its own payees take for theirs, and gains nothing by it.
//   - Spending P_i beside other outputs links them, as on any chain.
//   - Anybody can send valid notifications from codes of their own. Each costs its
//     reader about 0.15 ms and a window of memory: bound them (Config.Channels) and
//     ask a fee for carrying them.
//
// # Constant time
//
// Every operation on b, v, w, r and t_i goes through an implementation in constant
// time; no secret index or branch. Whether a notification or tag is ours becomes
// visible in the time of Open and Find, as does the number of steps of Seek, Tags and
// Resume. No randomness is used at all: a generator stuck at zero breaks nothing
// here. Wipe erases scalars; copies that the runtime, the hash functions and
// BIP-32's arithmetic made remain until their memory is used again.
//
// # Cost
//
// On one core of a small server: 0.2 µs for a tag ahead, 0.05 µs to dismiss a foreign
// event and 0.5 µs to find an own one with its window moved. A year of one payment a
// second takes 15 s, where trying as many events by Diffie-Hellman (package erc5564)
// takes 33 minutes. A payment to make takes 35 µs, a key to spend 60 µs. Opening a
// notification takes 0.15 ms, dismissing a foreign one 0.07 ms, or 0.2 µs if it is in
// another bucket. On chain there is nothing to verify.
package paymentcode

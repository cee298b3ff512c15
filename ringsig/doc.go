// Package ringsig hides which member of a ring signed, and how much a transfer
// moves. Tags reveal a second use of one key; nothing else links two signatures.
//
// Begin with NewParams, which derives the generators; then Params.NewScope for the
// application, NewRing for the candidates, and a Statement and a Witness for:
//
//	Sign, Verify    CLSAG: 65 + 32n bytes for n members, 2 to 128
//	Prove, VerifyProof, VerifyProofs
//	                Triptych: 747, 909, 1071, 1233 or 1395 bytes for 64, 256, 1024,
//	                4096 or 16384 members; 33 more with amounts
//
// Rings of up to about 20 are CLSAG's; above, Triptych is shorter, and in batches
// over one ring much faster. A ring signature of truly constant size without a
// trusted setup is not practical: class groups take kilobytes and seconds, STARKs 50
// to 200 KB, and PLONK has a setup. Triptych at a fixed size, to which NewRing pads,
// is the honest answer: 1395 bytes for 16384 members, however many of them are real.
//
// Commit, ProveBalance and VerifyBalance hide amounts and show that inputs equal
// outputs and fee; RangeGenerators proves and verifies that amounts are in range.
// Decoys chooses the other members of a ring.
//
// Do not use this package where a plain signature would do: a ring hides the signer
// among its members only as well as the members are chosen. The package is pure: it
// reads no clock, network, disk or entropy of its own, and starts no goroutine.
//
// # Notation
//
// The group is secp256k1's, of prime order n, written additively; G is its standard
// base. x is a secret key, P = x·G its public key. All other bases come from RFC
// 9380 (suite secp256k1_XMD:SHA-256_SSWU_RO_) with the domain separation tags
// "rootstem-ringsig-v1/" ‖ family:
//
//	U  family "tag", message u8(len(name)) ‖ name ‖ u64(chain): the base of tags
//	H  family "amount", empty message: the base of amounts
//	   families "padding-key" and "padding-amount", message u32(position)
//
// Integers are big-endian; u8, u32 and u64 have 1, 4 and 8 bytes. Points are
// compressed (33 bytes, prefix 2 or 3), scalars 32 bytes below n. The identity and
// zero scalars have no place in any encoding, and no encoding admits trailing bytes:
// a signature has one encoding.
//
// # Transcript
//
// Fiat–Shamir's state is 32 bytes; K is Keccak-256:
//
//	start      state = K(0x00 ‖ u8(len(name)) ‖ name), name = "rootstem-ringsig-v1/" ‖ protocol
//	append     state = K(0x01 ‖ state ‖ u8(len(label)) ‖ label ‖ u64(len(data)) ‖ data)
//	challenge  c = (K(0x02 ‖ state ‖ u8(len(label)) ‖ label) ‖ K(0x03 ‖ the same)) mod n,
//	           then state = K(0x04 ‖ state ‖ u8(len(label)) ‖ label)
//
// A zero challenge is refused. Statements are appended first, in this order and with
// these labels: "scope" (name), "chain" (u64), "ring" (digest), "message", "offset"
// (33 bytes, or none in the key form). A ring's digest is
// K(0x08 ‖ u64(members) ‖ u64(size) ‖ u64(commitments) ‖ keys ‖ commitments), padding
// included.
//
// # Nonces
//
// key = K(0x05 ‖ state ‖ u64(count) ‖ secrets ‖ entropy), where the state is the
// transcript's before the first nonce is used, the secrets have 32 bytes each, and
// entropy is 32 bytes of the caller's reader (zeros for nil). The i-th nonce is
// (K(0x06 ‖ key ‖ u32(i)) ‖ K(0x07 ‖ key ‖ u32(i))) mod n. Repeated or predictable
// entropy leaves what RFC 6979 gives; a leaked state of a good source, alone, reveals
// nothing either.
//
// # CLSAG
//
// Goodell, Noether and Blue, "Concise Linkable Ring Signatures and Forgery Against
// Adversarial Keys", 2019. Protocol "clsag"; after the statement, "tag" (J). In the
// form with amounts "aux" (D) follows, then the challenges "mu_P" and "mu_C"; in the
// key form μ_P = 1 and μ_C = 0. For member j with key Pⱼ and commitment Cⱼ:
//
//	Wⱼ = μ_P·Pⱼ + μ_C·(Cⱼ − C′)
//	V  = μ_P·U + μ_C·D
//	Lⱼ = sⱼ·G + cⱼ·Wⱼ
//	Rⱼ = sⱼ·J + cⱼ·V
//	c₍ⱼ₊₁₎ = challenge "c" of a fork with "L" (Lⱼ) and "R" (Rⱼ) appended
//
// and the signature is valid if cₙ = c₀. Encoding: J ‖ [D] ‖ c₀ ‖ s₀ ‖ … ‖ s₍ₙ₋₁₎. The signer
// at π knows x and z with Pπ = x·G, Cπ − C′ = z·G, J = x⁻¹·U and D = z·J. Nonces: the
// first is α, then sⱼ from π + 1 on. Secrets of the nonces: x, and z with amounts.
//
// Deviation from the paper: the second base of every member is J, not a hash of its
// key, and the image of J is U. See "Tags".
//
// # Triptych
//
// Noether and Goodell, "Triptych: logarithmic-sized linkable ring signatures with
// applications", 2020, with n = 4 and N = 4ᵐ, m = 3 … 7. Protocol "triptych"; after the
// statement "n" (u64), "m" (u64), "tag" (J); with amounts "aux" (K), then the
// challenge "mu"; in the key form μ = 0. Then "A", "B", "C", "D", each "X", each "Y",
// and the challenge "xi". Com(v; r) = Σ vⱼ,ᵢ·Gⱼ,ᵢ + r·G, where Gⱼ,ᵢ is of the family
// "triptych", message u32(4j + i). With fⱼ,₀ = ξ − Σᵢ₌₁..₃ fⱼ,ᵢ and kⱼ the digits of k to
// base 4, the least first:
//
//	(1) A + ξ·B = Com(f; z_A)
//	(2) ξ·C + D = Com(f·(ξ − f); z_C)
//	(3) Σₖ (Πⱼ fⱼ,ₖⱼ)·(Pₖ + μ·(Cₖ − C′)) − Σⱼ ξʲ·Xⱼ = z·G
//	(4) ξᵐ·(U + μ·K) − Σⱼ ξʲ·Yⱼ = z·J
//
// Encoding: J ‖ [K] ‖ A ‖ B ‖ C ‖ D ‖ X₀… ‖ Y₀… ‖ f₀,₁ ‖ f₀,₂ ‖ f₀,₃ ‖ f₁,₁ … ‖ z_A ‖ z_C ‖ z. With
// amounts it is the paper's parallel form, keys and commitments joined by μ, so that
// K is all that it adds. Nonces in order: r_A, r_B, r_C, r_D, then aⱼ,₁ aⱼ,₂ aⱼ,₃ and
// then ρⱼ for j from 0; the secrets are those of CLSAG.
//
// A batch adds all equations up, each under its own 128-bit weight: the first 16
// bytes of K(0x0a ‖ key ‖ u64(i)), with key = K(0x09 ‖ entropy ‖ u64(count) ‖ states),
// where a proof's state is its transcript's after "f" (each), "z_A", "z_C" and "z".
//
// # Tags
//
// J = x⁻¹·U is Triptych's tag (Noether and Goodell, 2020). A tag x·Hp(P), CLSAG's
// own, could not be recognised by a proof that does not walk the ring. The tag is a
// function of key and scope alone, so that an output spent once, by any scheme of
// this package, in any ring, is spent for all.
//
// Claim: who makes valid signatures under k + 1 different tags of one scope, in rings
// whose keys all belong to a set of which he knows k secret keys, computes the
// discrete logarithm of another key or of a base. Proof sketch: rewinding a valid
// CLSAG at the challenge that closes the ring yields w and j with w·G = Wⱼ and
// w·J = V; with other answers of the oracle for μ_P and μ_C, x and z with x·G = Pⱼ,
// x·J = U, z·G = Cⱼ − C′ and z·J = D. Triptych's extractor yields the same relations
// from m + 1 answers for ξ, and two for μ. In both cases, U is not the identity, so x ≠ 0 and J = x⁻¹·U:
// each tag is that of an extracted key, and k + 1 tags need k + 1 keys. For the same
// reason a tag of an honest key needs that key's secret: nobody is framed. The curve
// has cofactor 1, so there is no second tag by a point of small order, and a point
// has one encoding.
//
// Hiding: that J is unlinkable to P is the decisional inverse Diffie–Hellman
// assumption; for related keys x + k₁, x + k₂, … with known kᵢ, as stealth payments
// make them, it is decisional Diffie–Hellman inversion, as for the function of
// Dodis and Yampolskiy (2005), which (x + k) ↦ (x + k)⁻¹·U is. A tag x·U would fail
// here: the difference of two such tags is known.
//
// # Amounts
//
// C = γ·G + v·H. A balance proof is Schnorr's for E = Σ inputs − Σ outputs − fee·H to
// the base G: protocol "balance"; "scope", "chain", "message", "fee" (u64), then for
// inputs and for outputs "count" (u64) and each "commitment"; "R"; challenge "c";
// valid if s·G = R + c·E; R ‖ s is 65 bytes. E must not be the identity. The proof shows
// that amounts balance modulo n: every output needs a range proof besides, or it may
// hide a negative amount.
//
// # Range proofs
//
// Bünz et al., "Bulletproofs", 2018, sections 4.1 to 4.3, for n = 64 and m = 1, 2, 4, 8 or
// 16 amounts; not Bulletproofs+. The paper's g, h and u are H, G and Q; its 𝐠 and 𝐡
// are Gᵢ and Hᵢ, i from 0. Q, Gᵢ and Hᵢ are of the families "range-product" (u32(0)),
// "range-left" and "range-right" (u32(i)). Protocol "range": "scope", "chain",
// "message", "n" (u64), "m" (u64), each "commitment"; then "A", "S", challenges "y" and
// "z"; "T1", "T2", challenge "x"; "tau_x", "mu", "t", challenge "w"; in each of the
// log₂(64m) rounds "L", "R" and challenge "u". With
// δ = (z − z²)·Σ yⁱ − Σⱼ z^(j+2)·(2⁶⁴ − 1), j from 1, and sᵢ the product of uₖ for the bits of i
// that are set, from the highest, and uₖ⁻¹ for the others:
//
//	(1) t·H + τ_x·G = Σⱼ z^(1+j)·Vⱼ + δ·H + x·T₁ + x²·T₂
//	(2) A + x·S − μ·G − Σ z·Gᵢ + Σ (z + y⁻ⁱ·z^(2+⌊i/64⌋)·2^(i mod 64))·Hᵢ + w·t·Q
//	    + Σₖ (uₖ²·Lₖ + uₖ⁻²·Rₖ) = Σ a·sᵢ·Gᵢ + Σ b·sᵢ⁻¹·y⁻ⁱ·Hᵢ + w·a·b·Q
//
// Encoding: parities ‖ A ‖ S ‖ T₁ ‖ T₂ ‖ L… ‖ R… ‖ τ_x ‖ μ ‖ t ‖ a ‖ b, where a point is its x and
// its parity of y is bit i mod 8 of byte ⌊i/8⌋ of the parities, i being the point's
// place; unused bits are zero. A point of secp256k1 takes a bit more than 32 bytes, so
// a proof has 674, 739, 803, 867 or 931 bytes, two or three more than over a curve of
// 255 bits. Nonces: α, ρ, τ₁, τ₂, s_L, s_R; secrets: value (32 bytes) and blinding of each
// amount. A batch's weights are Triptych's, after "a" and "b"; each proof draws two.
//
// # Choosing decoys
//
// An observer who knows that spent outputs have age a with probability p(a), and that
// decoys have it with q(a), gives member i the weight wᵢ = p(aᵢ)/q(aᵢ) and guesses the
// heaviest, with success E[max wᵢ / Σ wᵢ]: 1/n if p = q, whatever both are, and more for
// any difference. Decoys takes q uniform on a logarithmic scale of ranks, from the newest
// output on: spending times of people and machines have heavy tails, and ranks, unlike
// seconds, follow the traffic. Against spends of that distribution, guesses of the
// newest or the oldest member succeed once in n. Against a payer who always spends one
// of the newest 15 of 65536 outputs, guessing the newest member of 11 succeeds in 43 of
// 100 cases: wait a random time before spending. Decoys that are known to be spent,
// because their owner told or chose no decoys, count for nobody; a ring of outputs that
// one party owns hides nothing from it; two rings for one output leave what both have in
// common, so keep the ring when a transaction is sent again; and all rings of one
// transaction should be drawn apart.
//
// # Cost on chain
//
// As native contracts, at about 60 gas for each microsecond of verification (measured
// on one core of a 2020s server; CPU time, ring decoded before):
//
//	CLSAG             10,000 + 5,500 a member; with amounts 9,500 a member
//	Triptych          64: 75,000; 256: 210,000; 1024: 730,000; 4096: 2,000,000;
//	                  16384: 6,500,000; with amounts twice that
//	range proof       65,000 for one value, 120,000 for two, 1,150,000 for 16
//	balance proof     10,000, and 500 for each commitment
//	decoding a ring   400 a member, and 3,000 for each padding member, unless it is kept
//
// In a block of 30 million gas these admit four proofs over 16384 members, one at a
// time; a chain that takes more verifies them in batches outside the metered machine
// and caps their number: 100 over one ring of 16384 take a fifth of a second. A native
// contract should cap rings at 128 for CLSAG and amounts at 16 in a range proof, as this
// package does, and charge before it decodes.
//
// # Secrecy and timing
//
// Functions that take secrets run in constant time in their values; functions that
// verify run in variable time on public data. Constant time is that of
// secp256k1-voi's fiat-crypto arithmetic, in the provers' sums over fixed bases that of
// internal/curve's field without branches, and of Go's compiler, which promises
// nothing. The order in which Sign visits members begins after the signer's index,
// which a neighbour who sees memory accesses could tell. Zeroise overwrites a key;
// copies that Go's runtime made while growing a stack, or left in registers, are
// beyond reach.
//
// Not claimed: secrecy against a quantum computer (tags and keys fall to one, past
// signatures included); an anonymity set larger than Ring.Members; resistance to
// statistics over how decoys were chosen, when, and by which network address a
// signature came.
package ringsig

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// BLAKE2b (RFC 7693) by shifts, as contracts wrote it before the precompiled one.
contract Hash {
    function rotr(uint64 x, uint64 n) internal pure returns (uint64) {
        unchecked { return (x >> n) | (x << (64 - n)); }
    }

    function mix(uint64[16] memory v, uint256 a, uint256 b, uint256 c, uint256 d, uint64 x, uint64 y) internal pure {
        unchecked {
            v[a] = v[a] + v[b] + x; v[d] = rotr(v[d] ^ v[a], 32);
            v[c] = v[c] + v[d];     v[b] = rotr(v[b] ^ v[c], 24);
            v[a] = v[a] + v[b] + y; v[d] = rotr(v[d] ^ v[a], 16);
            v[c] = v[c] + v[d];     v[b] = rotr(v[b] ^ v[c], 63);
        }
    }

    function iv() internal pure returns (uint64[8] memory) {
        return [
            0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
            0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179
        ];
    }

    /// One nibble for each place, the first on the left.
    function schedule() internal pure returns (uint64[10] memory) {
        return [
            0x0123456789abcdef, 0xea489fd61c02b753, 0xb8c052fdae367194, 0x7931dcbe265a40f8, 0x905724afe1bc683d,
            0x2c6a0b834d75fe19, 0xc51fed4a0763928b, 0xdb7ec13950f4862a, 0x6fe9b308c2d714a5, 0xa2847615fb9e3cd0
        ];
    }

    function compress(uint64[8] memory h, uint64[16] memory m, uint64 length, bool last) internal pure {
        uint64[16] memory v;
        uint64[8] memory start = iv();
        uint64[10] memory sigma = schedule();
        unchecked {
            for (uint256 i = 0; i < 8; i++) { v[i] = h[i]; v[i + 8] = start[i]; }
            v[12] ^= length;
            if (last) v[14] = ~v[14];
            for (uint256 r = 0; r < 12; r++) {
                uint64 s = sigma[r % 10];
                for (uint256 i = 0; i < 8; i++) {
                    uint64 x = m[(s >> (60 - 8 * i)) & 15];
                    uint64 y = m[(s >> (56 - 8 * i)) & 15];
                    if (i < 4) mix(v, i, i + 4, i + 8, i + 12, x, y);
                    else mix(v, i - 4, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, x, y);
                }
            }
            for (uint256 i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
        }
    }

    /// The 64-byte hash, in little-endian words, of n > 0 blocks whose words count up.
    function blake2b(uint256 n) external pure returns (uint64[8] memory h) {
        h = iv();
        uint64[16] memory m;
        h[0] ^= 0x01010040;
        unchecked {
            for (uint256 k = 0; k < n; k++) {
                for (uint256 i = 0; i < 16; i++) m[i] = uint64(k * 16 + i);
                compress(h, m, uint64(128 * (k + 1)), k + 1 == n);
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// Computation in Solidity as contracts do it: SHA-1 by shifts, and scalar
/// multiplication on secp256k1 in Jacobian coordinates.
contract Compute {
    uint256 constant P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f;

    function rotl(uint32 x, uint32 n) internal pure returns (uint32) {
        unchecked { return (x << n) | (x >> (32 - n)); }
    }

    function sha1Blocks(uint256 n) external pure returns (uint160) {
        uint32[80] memory w;
        uint32 h0 = 0x67452301; uint32 h1 = 0xEFCDAB89; uint32 h2 = 0x98BADCFE; uint32 h3 = 0x10325476; uint32 h4 = 0xC3D2E1F0;
        unchecked {
            for (uint256 k = 0; k < n; k++) {
                for (uint256 i = 0; i < 16; i++) w[i] = uint32(k * 16 + i);
                for (uint256 i = 16; i < 80; i++) w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
                uint32[5] memory s = [h0, h1, h2, h3, h4];
                for (uint256 i = 0; i < 80; i++) {
                    uint32 f;
                    if (i < 20) f = ((s[1] & s[2]) | (~s[1] & s[3])) + 0x5A827999;
                    else if (i < 40) f = (s[1] ^ s[2] ^ s[3]) + 0x6ED9EBA1;
                    else if (i < 60) f = ((s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])) + 0x8F1BBCDC;
                    else f = (s[1] ^ s[2] ^ s[3]) + 0xCA62C1D6;
                    f += rotl(s[0], 5) + s[4] + w[i];
                    s[4] = s[3]; s[3] = s[2]; s[2] = rotl(s[1], 30); s[1] = s[0]; s[0] = f;
                }
                h0 += s[0]; h1 += s[1]; h2 += s[2]; h3 += s[3]; h4 += s[4];
            }
        }
        return (uint160(h0) << 128) | (uint160(h1) << 96) | (uint160(h2) << 64) | (uint160(h3) << 32) | h4;
    }

    function double(uint256 x, uint256 y, uint256 z) internal pure returns (uint256, uint256, uint256) {
        uint256 yy = mulmod(y, y, P);
        uint256 s = mulmod(4, mulmod(x, yy, P), P);
        uint256 m = mulmod(3, mulmod(x, x, P), P);
        uint256 x3 = addmod(mulmod(m, m, P), P - addmod(s, s, P), P);
        uint256 y3 = addmod(mulmod(m, addmod(s, P - x3, P), P), P - mulmod(8, mulmod(yy, yy, P), P), P);
        return (x3, y3, mulmod(2, mulmod(y, z, P), P));
    }

    function add(uint256 x1, uint256 y1, uint256 z1, uint256 x2, uint256 y2) internal pure returns (uint256, uint256, uint256) {
        if (z1 == 0) return (x2, y2, 1);
        uint256 t = mulmod(z1, z1, P);
        x2 = addmod(mulmod(x2, t, P), P - x1, P);
        y2 = addmod(mulmod(y2, mulmod(t, z1, P), P), P - y1, P);
        z1 = mulmod(z1, x2, P);
        t = mulmod(x2, x2, P);
        x2 = mulmod(x2, t, P);
        t = mulmod(x1, t, P);
        x1 = addmod(mulmod(y2, y2, P), P - addmod(x2, addmod(t, t, P), P), P);
        y1 = addmod(mulmod(y2, addmod(t, P - x1, P), P), P - mulmod(y1, x2, P), P);
        return (x1, y1, z1);
    }

    function scalarMul(uint256 k) external pure returns (uint256 x, uint256 y, uint256 z) {
        uint256 gx = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;
        uint256 gy = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8;
        for (uint256 i = 256; i > 0; i--) {
            if (z != 0) (x, y, z) = double(x, y, z);
            if ((k >> (i - 1)) & 1 == 1) (x, y, z) = add(x, y, z, gx, gy);
        }
    }
}

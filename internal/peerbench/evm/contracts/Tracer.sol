// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// A ray tracer in fixed point: checked signed arithmetic, divisions, square roots and
/// structs in memory, as numeric contracts use them.
contract Tracer {
    int256 constant ONE = 1e6;

    struct Vector { int256 x; int256 y; int256 z; }
    struct Ball { Vector center; int256 radius; int256 shade; int256 mirror; }

    function sub(Vector memory a, Vector memory b) internal pure returns (Vector memory) {
        return Vector(a.x - b.x, a.y - b.y, a.z - b.z);
    }

    function along(Vector memory a, Vector memory d, int256 t) internal pure returns (Vector memory) {
        return Vector(a.x + d.x * t / ONE, a.y + d.y * t / ONE, a.z + d.z * t / ONE);
    }

    function dot(Vector memory a, Vector memory b) internal pure returns (int256) {
        return (a.x * b.x + a.y * b.y + a.z * b.z) / ONE;
    }

    /// The root of a fixed-point number, by Newton's method.
    function root(int256 x) internal pure returns (int256 r) {
        if (x <= 0) return 0;
        int256 y = x * ONE;
        r = y;
        int256 next = (y + 1) / 2;
        while (next < r) { r = next; next = (r + y / r) / 2; }
    }

    function unit(Vector memory a) internal pure returns (Vector memory) {
        int256 n = root(dot(a, a));
        return Vector(a.x * ONE / n, a.y * ONE / n, a.z * ONE / n);
    }

    function scene() internal pure returns (Ball[4] memory balls) {
        balls[0] = Ball(Vector(0, -1002 * ONE, 8 * ONE), 1000 * ONE, 300_000, 0);
        balls[1] = Ball(Vector(-2 * ONE, 0, 7 * ONE), 3 * ONE / 2, 900_000, 400_000);
        balls[2] = Ball(Vector(2 * ONE, 0, 6 * ONE), 3 * ONE / 2, 600_000, 300_000);
        balls[3] = Ball(Vector(0, 2 * ONE, 9 * ONE), 2 * ONE, 800_000, 0);
    }

    function hit(Ball[4] memory balls, Vector memory from, Vector memory d) internal pure returns (int256 nearest, uint256 which) {
        nearest = type(int256).max;
        for (uint256 i = 0; i < 4; i++) {
            Vector memory c = sub(balls[i].center, from);
            int256 b = dot(c, d);
            int256 q = b * b / ONE - dot(c, c) + balls[i].radius * balls[i].radius / ONE;
            if (q <= 0) continue;
            int256 s = root(q);
            int256 t = b - s > 1000 ? b - s : b + s;
            if (t > 1000 && t < nearest) { nearest = t; which = i; }
        }
    }

    /// The light that falls from the lamp on a place with a normal.
    function lit(Ball[4] memory balls, Vector memory p, Vector memory n) internal pure returns (int256) {
        Vector memory lamp = unit(Vector(3 * ONE, 6 * ONE, -4 * ONE));
        (int256 blocked, ) = hit(balls, p, lamp);
        int256 share = dot(n, lamp);
        return share < 0 || blocked != type(int256).max ? int256(0) : share;
    }

    function trace(Ball[4] memory balls, Vector memory from, Vector memory d, uint256 depth) internal pure returns (int256) {
        (int256 t, uint256 i) = hit(balls, from, d);
        if (t == type(int256).max) return (ONE + d.y) / 4;
        from = along(from, d, t);
        Vector memory n = unit(sub(from, balls[i].center));
        int256 own = balls[i].shade * (100_000 + lit(balls, from, n) * 9 / 10) / ONE;
        int256 mirror = balls[i].mirror;
        if (depth == 0 || mirror == 0) return own;
        d = along(d, n, -2 * dot(d, n));
        return (own * (ONE - mirror) + trace(balls, from, d, depth - 1) * mirror) / ONE;
    }

    /// The mean brightness, in millionths, of a picture of n × n points.
    function render(int256 n) external pure returns (int256 sum) {
        Ball[4] memory balls = scene();
        for (int256 y = 0; y < n; y++)
            for (int256 x = 0; x < n; x++) {
                Vector memory d = unit(Vector((2 * x - n) * ONE / n, (n - 2 * y) * ONE / n, 2 * ONE));
                sum += trace(balls, Vector(0, 0, 0), d, 3);
            }
        return sum / (n * n);
    }
}

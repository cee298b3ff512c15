// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

interface IShapes {
    struct Point {
        int16 X;
        int16 Y;
    }
    struct Reading {
        bytes32 device;
        uint64 time;
        int64[] values;
        string[2] labels;
        Point[3][] spots;
    }
    struct Alarm2 {
        bytes32 device;
        string note;
        bytes Blob;
        int64 level;
        string text;
    }
    error Closed();
    error TooHot(Reading reading);
    event Alarm(bytes32 indexed device, string indexed note, bytes indexed Blob, int64 level, string text);
    event Ping();
    event Report(Point point, Reading Reading);
    function checkP256(bytes32 arg0, bytes32 arg1, bytes32 arg2, bytes32 arg3, bytes32 arg4) external view returns (bool);
    function close() external;
    function echo(Reading calldata arg0) external view returns (Reading memory);
    function heat(Reading calldata arg0) external;
    function nested(string[][] calldata arg0, uint64[][2] calldata arg1, bytes calldata arg2) external view returns (string[][] memory, uint64[][2] memory, bytes memory);
    function raise(Alarm2 calldata arg0) external;
    function record(Reading calldata reading, bytes calldata signature) external returns (bytes32 id);
    function urlOf(bytes32 arg0) external view returns (string memory);
    function VERSION() external view returns (uint8);
    function words(bool arg0, uint8 arg1, int8 arg2, int64 arg3, uint256 arg4, address arg5, bytes3 arg6, bytes32 arg7) external view returns (bool, uint8, int8, int64, uint256, address, bytes3, bytes32);
    receive() external payable;
}

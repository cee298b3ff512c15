// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// The Go module that keeps the readings. Its methods are contracts, so Solidity
/// calls them like any other contract's.
interface IMeters {
    struct Reading {
        bytes32 device;
        uint64 seq;
        uint64 time;
        int64[] values;
    }

    function record(Reading calldata reading, bytes calldata signature) external;

    function latest(bytes32 device) external view returns (Reading memory reading);
}

/// Passes readings on to the module and raises an alarm when a value is above a
/// threshold. Values are millionths.
contract Alarm {
    event Raised(bytes32 indexed device, uint64 seq, int64 value);

    IMeters public immutable meters;
    uint256 public immutable column;
    int64 public immutable threshold;
    uint256 public raised;

    constructor(IMeters meters_, uint256 column_, int64 threshold_) {
        meters = meters_;
        column = column_;
        threshold = threshold_;
    }

    /// Reverts with the module's reason if it refuses the reading.
    function record(IMeters.Reading calldata reading, bytes calldata signature) external {
        meters.record(reading, signature);
        check(reading.device);
    }

    /// Looks at the newest reading of a device.
    function check(bytes32 device) internal {
        IMeters.Reading memory newest = meters.latest(device);
        int64 value = newest.values[column];
        if (value > threshold) {
            raised++;
            emit Raised(device, newest.seq, value);
        }
    }
}

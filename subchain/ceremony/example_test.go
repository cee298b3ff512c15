package ceremony_test

import (
	"fmt"

	"github.com/rootstem/rootstem/subchain/ceremony"
	"github.com/rootstem/rootstem/subchain/module"
)

// A chain of epochs of 3,600 blocks whose committees staking elects: ceremonies begin
// 200 blocks into an epoch, and a key serves for thirty epochs.
func ExampleNew() {
	keys, err := ceremony.New(ceremony.Config{
		EpochLength: 3600, Place: 200, Enrol: 200, Deal: 400, Complain: 200, Justify: 200, Acknowledge: 200, Era: 30,
		Committees: module.AddressOf("staking"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := module.Solidity("IKeys", keys)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text)
	// Output:
	// // SPDX-License-Identifier: Apache-2.0
	// pragma solidity ^0.8.20;
	//
	// interface IKeys {
	//     struct Opening {
	//         uint64 epoch;
	//         uint64 era;
	//         uint64 start;
	//         uint64[5] lengths;
	//         bytes32[] seats;
	//         bytes32[] dealers;
	//         bytes old;
	//     }
	//     event Opened(uint64 indexed epoch, uint64 era, uint64 start, bool fresh, bytes32 id);
	//     event Said(uint64 indexed epoch, bytes message);
	//     event Published(uint64 indexed epoch, uint64 era, bytes key);
	//     function acknowledge(bytes calldata message) external;
	//     function ceremony() external view returns (Opening memory);
	//     function chainKey() external view returns (bytes memory key);
	//     function complain(bytes calldata message) external;
	//     function deal(bytes calldata message) external;
	//     function enrol(bytes calldata message) external;
	//     function group() external view returns (bytes memory encoded);
	//     function groupOf(uint64 epoch) external view returns (uint64 era, bytes memory encoded);
	//     function justify(bytes calldata message, bytes calldata original) external;
	//     function publish(bytes calldata encoded) external;
	// }
}

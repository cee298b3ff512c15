package rootrelay

// The components of the structs that methods take, as Signatures writes them.
const (
	messageFields = "(uint64 src,uint64 dst,uint32 lane,uint64 nonce,uint64 deadline,address sender,address receiver,uint64 asset,uint256 amount,uint64 gasLimit,bytes payload)"
	ackFields     = "(uint64 src,uint64 dst,uint32 lane,uint64 nonce,bytes32 message,uint8 status,bytes result)"
	proofFields   = "uint64 index,bytes32[] proof"
	headerFields  = "bytes header,bytes anchor,bytes committee,bytes certificate"
)

// Signatures names the methods' parameters in the ABI.
func (r *Root) Signatures() map[string]string {
	return map[string]string{
		"Register":         "register(bytes header,bytes committee,bytes proofs) returns (uint64 subchain)",
		"SubmitCheckpoint": "submitCheckpoint(bytes header,bytes anchor,bytes committee,bytes signatures)",
		"Follow":           "follow(uint64 subchain,bytes header,bytes committee,bytes certificate)",
		"Deposit":          "deposit(uint64 dst,address receiver,uint64 deadline,uint64 gasLimit,bytes payload) returns (uint64 nonce)",
		"Relay":            "relay(uint64 seq," + messageFields + " message," + proofFields + ") returns (bool forwarded)",
		"Settle":           "settle(uint64 seq," + messageFields + " message,uint64 order," + ackFields + " ack," + proofFields + ")",
		"Timeout":          "timeout(" + messageFields + " message,uint64 order)",
		"Claim":            "claim() returns (uint256 amount)",
		"Subchain":         "subchain(uint64 id)",
		"IDOf":             "idOf(bytes32 genesis) returns (uint64 subchain)",
		"Committee":        "committee(uint64 subchain,uint64 epoch) returns (bytes32 hash)",
		"Checkpoint":       "checkpoint(uint64 subchain,uint64 seq)",
		"Escrow":           "escrow(uint64 subchain) returns (uint256 amount)",
		"Claimable":        "claimable(address owner) returns (uint256 amount)",
		"Locked":           "locked() returns (uint256 amount)",
		"Arrived":          "arrived(uint64 src,uint64 dst,uint32 lane) returns (uint64 next)",
		"Forwarded":        "forwarded(uint64 src,uint64 dst,uint32 lane) returns (uint64 order)",
		"Cursor":           "cursor(uint64 src,uint64 dst,uint32 lane) returns (uint64 order)",
		"Pending":          "pending(uint64 src,uint64 dst,uint32 lane,uint64 nonce) returns (bytes32 leaf)",
	}
}

// Gas gives the methods' base gas.
func (r *Root) Gas() map[string]uint64 {
	return map[string]uint64{
		"Register": 20_000, "SubmitCheckpoint": 20_000, "Follow": 20_000, "Relay": 10_000, "Settle": 10_000,
	}
}

// Signatures names the methods' parameters in the ABI.
func (g *Gateway) Signatures() map[string]string {
	return map[string]string{
		"Send":        "send(uint64 dst,uint32 lane,address receiver,uint64 deadline,uint64 gasLimit,bytes payload) returns (uint64 nonce)",
		"Deliver":     "deliver(" + headerFields + "," + messageFields + " message,uint64 order," + proofFields + ") returns (uint8 status)",
		"Acknowledge": "acknowledge(" + headerFields + "," + messageFields + " message," + ackFields + " ack," + proofFields + ")",
		"Follow":      "follow(bytes header,bytes committee,bytes certificate)",
		"Trusted":     "trusted() returns (uint64 epoch,bytes32 committee,bytes32 next)",
		"Supply":      "supply() returns (uint256 minted,uint256 burned)",
		"Cursor":      "cursor(uint64 src,uint32 lane) returns (uint64 order)",
		"Nonce":       "nonce(uint64 dst,uint32 lane) returns (uint64 next)",
		"Pending":     "pending(uint64 dst,uint32 lane,uint64 nonce) returns (bytes32 leaf)",
	}
}

// Gas gives the methods' base gas.
func (g *Gateway) Gas() map[string]uint64 {
	return map[string]uint64{"Deliver": 20_000, "Acknowledge": 20_000, "Follow": 20_000}
}

package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
)

// maxScans bounds the blocks that all eth_getLogs of one HTTP request read, as a
// multiple of what one may read.
const maxScans = 4

// session serves the calls of one HTTP request. All of them see one head.
type session struct {
	*Server
	head      uint64
	logBlocks uint64 // blocks that eth_getLogs may still read
}

// method is one entry of the table: how many parameters it takes and what runs it.
// run returns a value that encodes to JSON.
type method struct {
	required, max int
	run           func(s *session, ctx context.Context, p params) (any, error)
}

func methods() map[string]method {
	return map[string]method{
		"web3_clientVersion":                      {0, 0, clientVersion},
		"net_version":                             {0, 0, netVersion},
		"net_listening":                           {0, 0, listening},
		"net_peerCount":                           {0, 0, peerCount},
		"eth_chainId":                             {0, 0, chainID},
		"eth_syncing":                             {0, 0, syncing},
		"eth_accounts":                            {0, 0, accounts},
		"eth_blockNumber":                         {0, 0, blockNumber},
		"eth_getBalance":                          {1, 2, getBalance},
		"eth_getCode":                             {1, 2, getCode},
		"eth_getStorageAt":                        {2, 3, getStorageAt},
		"eth_getTransactionCount":                 {1, 2, getTransactionCount},
		"eth_getProof":                            {2, 3, getProof},
		"eth_call":                                {1, 4, call},
		"eth_estimateGas":                         {1, 4, estimateGas},
		"eth_gasPrice":                            {0, 0, gasPrice},
		"eth_maxPriorityFeePerGas":                {0, 0, maxPriorityFeePerGas},
		"eth_feeHistory":                          {2, 3, feeHistory},
		"eth_getBlockByNumber":                    {1, 2, getBlockByNumber},
		"eth_getBlockByHash":                      {1, 2, getBlockByHash},
		"eth_getBlockTransactionCountByNumber":    {1, 1, getBlockTransactionCountByNumber},
		"eth_getBlockTransactionCountByHash":      {1, 1, getBlockTransactionCountByHash},
		"eth_getUncleCountByBlockNumber":          {1, 1, getUncleCountByBlockNumber},
		"eth_getUncleCountByBlockHash":            {1, 1, getUncleCountByBlockHash},
		"eth_getTransactionByHash":                {1, 1, getTransactionByHash},
		"eth_getTransactionByBlockNumberAndIndex": {2, 2, getTransactionByBlockNumberAndIndex},
		"eth_getTransactionByBlockHashAndIndex":   {2, 2, getTransactionByBlockHashAndIndex},
		"eth_getTransactionReceipt":               {1, 1, getTransactionReceipt},
		"eth_getBlockReceipts":                    {1, 1, getBlockReceipts},
		"eth_getLogs":                             {1, 1, getLogs},
		"eth_sendRawTransaction":                  {1, 1, sendRawTransaction},
		"rootstem_getLight":                       {1, 1, getLight},
		"rootstem_getCheckpoint":                  {1, 1, getCheckpoint},
		"rootstem_getHandovers":                   {1, 1, getHandovers},
		"rootstem_getABI":                         {1, 1, getABI},
	}
}

// serve answers one call with at most limit bytes of result.
func (s *session) serve(ctx context.Context, r *request, limit int) []byte {
	if r.err != nil {
		return encodeResponse(r.id, nil, r.err)
	}
	value, err := s.run(ctx, r)
	if err == nil {
		var result []byte
		if result, err = json.Marshal(value); err == nil {
			if len(result) > limit {
				return encodeResponse(r.id, nil, failf(codeTooLarge, "response too large"))
			}
			return encodeResponse(r.id, result, nil)
		}
		err = fmt.Errorf("rpc: encode: %w", err)
	}
	fail, hidden := toRPCError(err)
	if hidden && ctx.Err() != nil {
		fail, hidden = failf(codeServer, "request timed out"), false
	}
	if hidden {
		s.log.Error("rpc: call failed", "method", r.method, "err", err)
	}
	return encodeResponse(r.id, nil, fail)
}

// run calls the method. A panic is a bug of this process: the client learns nothing
// of it and the log everything.
func (s *session) run(ctx context.Context, r *request) (value any, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("rpc: method panicked", "method", r.method, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			value, err = nil, failf(codeInternal, "internal error")
		}
	}()
	if ctx.Err() != nil {
		return nil, failf(codeServer, "request timed out")
	}
	m, ok := s.methods[r.method]
	if !ok {
		return nil, failf(codeMethodNotFound, "the method %.64s does not exist/is not available", r.method)
	}
	p, err := parseParams(r.params, m)
	if err != nil {
		return nil, err
	}
	return m.run(s, ctx, p)
}

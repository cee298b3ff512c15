package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// maxDepth bounds the nesting of a request's JSON; the deepest valid one, a batch
// of calls with access lists, has 8 levels.
const maxDepth = 32

// maxID bounds the id that a response repeats, in bytes.
const maxID = 1024

// request is one call as parsed. err is set if it is not a valid request; id is
// then the id as far as it could be read, else null.
type request struct {
	method string
	params json.RawMessage // an array, or nil
	id     json.RawMessage // a string, a number or null; nil in a notification
	err    *rpcError
}

func (r *request) notification() bool { return r.err == nil && r.id == nil }

// parseRequests reads the body of an HTTP request: one object or a batch of at most
// maxBatch. A non-nil error answers the whole body.
func parseRequests(body []byte, maxBatch int) (reqs []request, batch bool, fail *rpcError) {
	if !shallow(body, maxDepth) {
		return nil, false, failf(codeParse, "parse error: nested too deep")
	}
	if !json.Valid(body) {
		return nil, false, failf(codeParse, "parse error")
	}
	text := bytes.TrimLeft(body, " \t\r\n")
	if text[0] != '[' {
		return []request{parseRequest(text)}, false, nil
	}
	items, err := elements(text, maxBatch)
	switch {
	case errors.Is(err, errTooMany):
		return nil, true, failf(codeInvalidRequest, "batch too large")
	case err != nil:
		return nil, true, failf(codeParse, "parse error")
	case len(items) == 0:
		return nil, true, failf(codeInvalidRequest, "empty batch")
	}
	for _, item := range items {
		reqs = append(reqs, parseRequest(item))
	}
	return reqs, true, nil
}

var errTooMany = errors.New("rpc: too many elements")

// elements splits a valid JSON array and stops at the first element above max, so
// that what it allocates is bounded by max and not by what the text holds.
func elements(array []byte, max int) (items []json.RawMessage, err error) {
	d := json.NewDecoder(bytes.NewReader(array))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		if len(items) == max {
			return nil, errTooMany
		}
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// shallow reports whether brackets outside of strings nest at most max levels.
func shallow(text []byte, max int) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > max {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

// parseRequest reads one request from valid JSON. Member names are exact; a second
// member of one name is refused, unknown members are ignored.
func parseRequest(text []byte) (r request) {
	null := json.RawMessage("null")
	if text[0] != '{' {
		return request{id: null, err: failf(codeInvalidRequest, "invalid request: not an object")}
	}
	members, err := readMembers(text)
	if err != nil {
		return request{id: null, err: failf(codeInvalidRequest, "invalid request: %s", err.Error())}
	}
	if id, ok := members["id"]; ok {
		if !validID(id) {
			return request{id: null, err: failf(codeInvalidRequest, "invalid request: id must be a string, a number or null")}
		}
		r.id = id
	}
	refuse := func(why string) request {
		if r.id == nil {
			r.id = null
		}
		r.err = failf(codeInvalidRequest, "invalid request: %s", why)
		return r
	}
	if string(members["jsonrpc"]) != `"2.0"` {
		return refuse(`jsonrpc must be "2.0"`)
	}
	if err := json.Unmarshal(members["method"], &r.method); err != nil || r.method == "" || members["method"][0] != '"' {
		return refuse("method must be a string")
	}
	switch p := members["params"]; {
	case len(p) == 0 || string(p) == "null":
	case p[0] == '[':
		r.params = p
	case p[0] == '{':
		if r.id != nil {
			r.err = invalidParams("parameters by name are not supported")
		}
	default:
		return refuse("params must be an array")
	}
	return r
}

func readMembers(text []byte) (map[string]json.RawMessage, error) {
	members := make(map[string]json.RawMessage, 4)
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		switch key, _ := name.(string); key {
		case "jsonrpc", "id", "method", "params":
			if _, twice := members[key]; twice {
				return nil, errors.New("duplicate " + key)
			}
			members[key] = value
		}
	}
	return members, nil
}

func validID(id json.RawMessage) bool {
	if len(id) == 0 || len(id) > maxID {
		return false
	}
	return id[0] == '"' || id[0] == '-' || (id[0] >= '0' && id[0] <= '9') || string(id) == "null"
}

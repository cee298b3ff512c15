package trace

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/vm"
)

// Errors of Config.Run.
var (
	ErrTracer  = errors.New("trace: tracer not found")
	ErrConfig  = errors.New("trace: malformed tracer configuration")
	ErrMessage = errors.New("trace: message cannot be executed")
)

// Config is the options object of the debug API. Its zero value asks for the opcode
// log.
type Config struct {
	OpcodeConfig
	Tracer       string          `json:"tracer"`       // callTracer, prestateTracer, or "" for the opcode log
	TracerConfig json.RawMessage `json:"tracerConfig"` // a CallConfig or PrestateConfig
}

// Run traces one message, which execute executes with the tracer that it gets, and
// returns a result for encoding/json. pre reads the state before the message. The
// error of a message that is Invalid is ErrMessage and wraps the reason.
func (c *Config) Run(pre vm.Reader, execute func(vm.Tracer) (*vm.Trace, error)) (any, error) {
	switch c.Tracer {
	case "":
		tracer := &Opcodes{Config: c.OpcodeConfig}
		t, err := valid(execute(tracer))
		if err != nil {
			return nil, err
		}
		return tracer.Result(t), nil
	case "callTracer":
		tracer := new(Calls)
		if err := c.options(&tracer.Config); err != nil {
			return nil, err
		}
		t, err := valid(execute(tracer))
		if err != nil {
			return nil, err
		}
		return tracer.Result(t), nil
	case "prestateTracer":
		return c.prestate(pre, execute)
	}
	return nil, fmt.Errorf("%w: %q", ErrTracer, c.Tracer)
}

func (c *Config) prestate(pre vm.Reader, execute func(vm.Tracer) (*vm.Trace, error)) (any, error) {
	tracer := new(Prestate)
	if err := c.options(&tracer.Config); err != nil {
		return nil, err
	}
	t, err := valid(execute(tracer))
	if err != nil {
		return nil, err
	}
	if tracer.Config.DiffMode {
		return tracer.Difference(pre, t)
	}
	return tracer.State(pre, t)
}

func (c *Config) options(to any) error {
	if len(c.TracerConfig) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.TracerConfig, to); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

func valid(t *vm.Trace, err error) (*vm.Trace, error) {
	if err == nil && t.Status == vm.Invalid {
		err = fmt.Errorf("%w: %w", ErrMessage, t.Err)
	}
	return t, err
}

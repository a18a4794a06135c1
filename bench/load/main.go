// Load generates the load of the benchmarks and measures it. It reads a plan and writes a result, both as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// A Plan is the load on one server.
type Plan struct {
	Kind        string           `json:"kind"`         // steady, burst or idle
	Protocol    string           `json:"protocol"`     // one of `protocols`
	Address     string           `json:"address"`      // where receivers connect, and senders unless sendAddress is set
	SendAddress string           `json:"send_address"` // address of another node
	Processes   map[string][]int `json:"processes"`    // by name; their time and memory count
	Engines     map[string][]int `json:"engines"`      // the same for engines, reported separately

	Receivers []string `json:"receivers"` // tokens; each has its own connection and stream
	Senders   []Sender `json:"senders"`   // each has its own connection
	Each      int      `json:"each"`      // receivers of a message

	WarmUpSeconds float64 `json:"warm_up_seconds"`
	Seconds       float64 `json:"seconds"`

	// steady: sends at fixed times, whatever happens to earlier ones.
	PerSecond float64 `json:"per_second"`

	// burst: sends as fast as the server acknowledges.
	InFlight int `json:"in_flight"` // per sender
	Window   int `json:"window"`    // in total: messages not yet delivered to every receiver

	// idle: streams without messages.
	Warming              int `json:"warming"`      // receivers whose streams are open before the measurement
	StreamsEach          int `json:"streams_each"` // per receiver
	StreamsPerConnection int `json:"streams_per_connection"`
}

// A Sender sends to one chat: to a user or to a group.
type Sender struct {
	Token  string `json:"token"`
	UserID string `json:"user_id"`
	ChatID string `json:"chat_id"`
}

// Longer than any measurement.
const longest = 4 * time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run() error {
	var plan Plan
	if err := json.NewDecoder(os.Stdin).Decode(&plan); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	result, err := carryOut(ctx, &plan)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func carryOut(ctx context.Context, plan *Plan) (any, error) {
	switch plan.Kind {
	case "steady":
		return steady(ctx, plan)
	case "burst":
		return burst(ctx, plan)
	case "idle":
		return idle(ctx, plan)
	default:
		return nil, fmt.Errorf("unknown kind of load: %q", plan.Kind)
	}
}

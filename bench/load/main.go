// Load makes the load of the benchmarks and measures it: a plan comes in, a result goes out, both JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// A Plan says what to do to a server.
type Plan struct {
	Kind        string           `json:"kind"`         // steady, burst or idle
	Protocol    string           `json:"protocol"`     // one of `protocols`
	Address     string           `json:"address"`      // where receivers connect, and senders too unless:
	SendAddress string           `json:"send_address"` // of another node
	Processes   map[string][]int `json:"processes"`    // by name, whose time and memory count
	Engines     map[string][]int `json:"engines"`      // the same, which are told apart

	Receivers []string `json:"receivers"` // tokens; each has a connection and a stream of its own
	Senders   []Sender `json:"senders"`   // each has a connection of its own
	Each      int      `json:"each"`      // how many receivers a message has

	WarmUpSeconds float64 `json:"warm_up_seconds"`
	Seconds       float64 `json:"seconds"`

	// steady: sends at fixed times, whatever became of those before.
	PerSecond float64 `json:"per_second"`

	// burst: as fast as they are answered.
	InFlight int `json:"in_flight"` // of each sender
	Window   int `json:"window"`    // of all of them: messages that have not come to every receiver yet

	// idle: streams that wait.
	Warming              int `json:"warming"`      // receivers whose streams are open before anything is measured
	StreamsEach          int `json:"streams_each"` // for each receiver
	StreamsPerConnection int `json:"streams_per_connection"`
}

// A Sender sends to one chat: to a user or to a group.
type Sender struct {
	Token  string `json:"token"`
	UserID string `json:"user_id"`
	ChatID string `json:"chat_id"`
}

// Nothing that is measured here takes longer.
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
		return nil, fmt.Errorf("no such kind of load: %q", plan.Kind)
	}
}

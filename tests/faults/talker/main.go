// Talker runs devices in Go. The first line of standard input is the plan; `quiet` ends all sends, end of input ends
// the program.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// A Plan lists the actions of the devices of one program; tests/faults/clients/plan.py writes it.
type Plan struct {
	Recording string       `json:"recording"`
	Edges     []string     `json:"edges"`
	Devices   []DevicePlan `json:"devices"`
}

// A DevicePlan is one device of one user.
type DevicePlan struct {
	Name         string   `json:"name"`
	User         string   `json:"user"`
	Token        string   `json:"token"`
	Chats        []string `json:"chats"`
	EverySeconds float64  `json:"every_seconds"`
	Seed         int64    `json:"seed"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "talker:", err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewReader(os.Stdin)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	var plan Plan
	if err := json.Unmarshal(first, &plan); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	recording, err := openRecording(plan.Recording)
	if err != nil {
		return err
	}
	defer recording.Close()
	ctx, stop := context.WithCancel(context.Background())
	quiet := make(chan struct{})
	var devices sync.WaitGroup
	for number, each := range plan.Devices {
		link, err := openLink(plan.Edges, each.Token, number)
		if err != nil {
			stop()
			return err
		}
		device := newDevice(each, link, recording)
		devices.Add(1)
		go func() { defer devices.Done(); device.live(ctx, quiet) }()
	}
	for {
		line, err := lines.ReadString('\n')
		if line == "quiet\n" {
			close(quiet)
		}
		if err != nil {
			stop()
			devices.Wait()
			return nil
		}
	}
}

func sleep(ctx context.Context, delay time.Duration) bool {
	select {
	case <-time.After(delay):
		return true
	case <-ctx.Done():
		return false
	}
}

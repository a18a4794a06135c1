package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	messaging "chatly.example/gen/go/chatly/messaging/v1"
)

// Idle is the memory of a server before and after streams were opened that carry nothing.
type Idle struct {
	Streams      int     `json:"streams"`
	Connections  int     `json:"connections"`
	KiBBefore    int     `json:"kib_before"`
	KiBAfter     int     `json:"kib_after"`
	KiBPerStream float64 `json:"kib_per_stream"`
	CPUShare     float64 `json:"cpu_share"` // of one core, while nothing happens
}

// idle opens streams, lets them be, and looks at the memory.
func idle(ctx context.Context, plan *Plan) (*Idle, error) {
	before, err := residentKiB(plan.Pids)
	if err != nil {
		return nil, err
	}
	result := &Idle{KiBBefore: before}
	if err := openIdle(ctx, plan, result); err != nil {
		return nil, err
	}
	cpuBefore, err := cpuTime(plan.Pids)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Duration(plan.SettleSeconds * float64(time.Second)))
	cpuAfter, err := cpuTime(plan.Pids)
	if err != nil {
		return nil, err
	}
	result.CPUShare = (cpuAfter - cpuBefore).Seconds() / plan.SettleSeconds
	if result.KiBAfter, err = residentKiB(plan.Pids); err != nil {
		return nil, err
	}
	result.KiBPerStream = float64(result.KiBAfter-result.KiBBefore) / float64(result.Streams)
	return result, nil
}

func openIdle(ctx context.Context, plan *Plan, result *Idle) error {
	var group errgroup.Group
	group.SetLimit(opening)
	for _, token := range plan.Receivers {
		var client messaging.MessagingServiceClient
		for number := range plan.StreamsEach {
			if number%plan.StreamsPerConnection == 0 {
				var err error
				if client, err = connect(plan.Address); err != nil {
					return err
				}
				result.Connections++
			}
			result.Streams++
			group.Go(func() error { return listen(ctx, client, token, func(string) {}) })
		}
	}
	return group.Wait()
}

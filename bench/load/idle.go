package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// Idle is the memory of a server before and after idle streams were opened, besides some that were open already.
type Idle struct {
	Streams      int                `json:"streams"`
	Connections  int                `json:"connections"`
	KiBBefore    int                `json:"kib_before"`
	KiBAfter     int                `json:"kib_after"`
	KiBPerStream float64            `json:"kib_per_stream"`
	KiBByName    map[string]float64 `json:"kib_per_stream_by_process"`
	CPUShare     float64            `json:"cpu_share"` // share of one core while nothing happens
}

// idle opens streams and measures the memory while nothing happens. Memory for the first streams of a server is not
// counted.
func idle(ctx context.Context, plan *Plan) (*Idle, error) {
	if err := openIdle(ctx, plan, plan.Receivers[:plan.Warming], &Idle{}); err != nil {
		return nil, err
	}
	if err := rest(plan); err != nil {
		return nil, err
	}
	before, err := residentByName(plan)
	if err != nil {
		return nil, err
	}
	result := &Idle{KiBByName: map[string]float64{}}
	if err := openIdle(ctx, plan, plan.Receivers[plan.Warming:], result); err != nil {
		return nil, err
	}
	if err := rest(plan); err != nil {
		return nil, err
	}
	from, err := read(plan)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Duration(plan.Seconds * float64(time.Second)))
	to, err := read(plan)
	if err != nil {
		return nil, err
	}
	after, err := residentByName(plan)
	if err != nil {
		return nil, err
	}
	for name := range plan.Processes {
		result.KiBBefore += before[name]
		result.KiBAfter += after[name]
		result.KiBByName[name] = float64(after[name]-before[name]) / float64(result.Streams)
		result.CPUShare += (to.byName[name] - from.byName[name]).Seconds() / to.at.Sub(from.at).Seconds()
	}
	result.KiBPerStream = float64(result.KiBAfter-result.KiBBefore) / float64(result.Streams)
	return result, nil
}

func residentByName(plan *Plan) (map[string]int, error) {
	found := map[string]int{}
	for name, pids := range plan.Processes {
		var err error
		if found[name], err = residentKiB(pids); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func openIdle(ctx context.Context, plan *Plan, tokens []string, result *Idle) error {
	var group errgroup.Group
	group.SetLimit(opening)
	for _, token := range tokens {
		var connection Connection
		for number := range plan.StreamsEach {
			if number%plan.StreamsPerConnection == 0 {
				var err error
				if connection, err = connect(plan.Protocol, plan.Address); err != nil {
					return err
				}
				result.Connections++
			}
			result.Streams++
			group.Go(func() error { return connection.Listen(ctx, token, func(string) {}) })
		}
	}
	return group.Wait()
}

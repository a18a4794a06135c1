package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// Burst is what came of sends as fast as they were answered.
type Burst struct {
	Counts
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"deliveries_per_second"`
	CPUMicros float64 `json:"cpu_us_per_delivery"`
}

// burst keeps a number of sends in flight, and ends when everything is delivered.
func burst(ctx context.Context, plan *Plan) (*Burst, error) {
	start, end := plan.WarmUpSends, plan.WarmUpSends+plan.Sends
	ledger := newLedger(end, plan.Each)
	if err := listenAll(ctx, plan, ledger); err != nil {
		return nil, err
	}
	all, err := voices(plan)
	if err != nil {
		return nil, err
	}
	if err := sendAll(ctx, plan, all, ledger, 0, start); err != nil {
		return nil, err
	}

	before, err := cpuTime(plan.Pids)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := sendAll(ctx, plan, all, ledger, start, end); err != nil {
		return nil, err
	}
	seconds := time.Since(begin).Seconds()
	after, err := cpuTime(plan.Pids)
	if err != nil {
		return nil, err
	}
	counts := ledger.Counts(start, end)
	deliveries := float64(counts.Deliveries)
	return &Burst{counts, seconds, deliveries / seconds, micros(after-before) / deliveries}, nil
}

// sendAll returns once everything is answered and delivered.
func sendAll(ctx context.Context, plan *Plan, all []Voice, ledger *Ledger, start, end int) error {
	var group errgroup.Group
	group.SetLimit(plan.InFlight)
	for number := start; number < end; number++ {
		group.Go(func() error {
			ledger.Due(number, time.Now())
			return all[number%len(all)].Send(ctx, number, ledger)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	ledger.Await(end, patience)
	return nil
}

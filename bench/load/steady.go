package main

import (
	"context"
	"log"
	"sync"
	"time"
)

// Steady is the result of sending at a fixed rate.
type Steady struct {
	Counts
	Latencies
	Usage
	Late      Times   `json:"late_ms"` // delay of the sends for lack of CPU
	PerSecond float64 `json:"per_second"`
	Seconds   float64 `json:"seconds"`
}

// steady sends from all senders in turn at fixed times: an open loop, which does not slow down with the server.
func steady(ctx context.Context, plan *Plan) (*Steady, error) {
	start := int(plan.WarmUpSeconds * plan.PerSecond)
	end := start + int(plan.Seconds*plan.PerSecond)
	ledger := newLedger(end, plan.Each)
	if err := listenAll(ctx, plan, ledger); err != nil {
		return nil, err
	}
	all, err := voices(ctx, plan)
	if err != nil {
		return nil, err
	}
	sendOnTime(ctx, plan, all, ledger, 0, start)
	if err := rest(plan); err != nil {
		return nil, err
	}
	before, err := read(plan)
	if err != nil {
		return nil, err
	}
	late := sendOnTime(ctx, plan, all, ledger, start, end)
	if err := rest(plan); err != nil {
		return nil, err
	}
	after, err := read(plan)
	if err != nil {
		return nil, err
	}
	counts := ledger.Counts(start, end)
	return &Steady{
		Counts:    counts,
		Latencies: ledger.Latencies(start, end),
		Usage:     usage(plan, before, after, counts.Deliveries),
		Late:      timesOf(late),
		PerSecond: plan.PerSecond,
		Seconds:   plan.Seconds,
	}, nil
}

// sendOnTime returns, once everything is acknowledged and delivered, the delay of each send.
func sendOnTime(ctx context.Context, plan *Plan, all []Voice, ledger *Ledger, start, end int) []int64 {
	interval := time.Duration(float64(time.Second) / plan.PerSecond)
	late := make([]int64, 0, end-start)
	var sends sync.WaitGroup
	var once sync.Once
	begin := time.Now()
	for number := start; number < end; number++ {
		due := begin.Add(time.Duration(number-start) * interval)
		time.Sleep(time.Until(due))
		late = append(late, int64(time.Since(due)))
		ledger.Due(number, due)
		sends.Go(func() {
			if err := all[number%len(all)].Send(ctx, textOf(number)); err != nil {
				once.Do(func() { log.Printf("the first of those that count as unanswered: %v", err) })
				return
			}
			ledger.Answered(number)
		})
	}
	sends.Wait()
	ledger.Await(end)
	return late
}

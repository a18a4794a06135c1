package main

import (
	"context"
	"log"
	"sync"
	"time"
)

const patience = 20 * time.Second

// Steady is what came of sends at a fixed rate.
type Steady struct {
	Counts
	AnsweredMs   Times   `json:"answered_ms"`
	DeliveredMs  Times   `json:"delivered_ms"`
	LateMs       Times   `json:"late_ms"` // how late the sends were begun, for want of CPU
	CPUMicros    float64 `json:"cpu_us_per_send"`
	PerSecond    float64 `json:"per_second"`
	WholeSeconds float64 `json:"seconds"`
}

// steady sends in turns from all senders at fixed times: an open loop, in which a slow server is not asked less.
func steady(ctx context.Context, plan *Plan) (*Steady, error) {
	interval := time.Duration(float64(time.Second) / plan.PerSecond)
	start := int(plan.WarmUpSeconds * plan.PerSecond)
	end := start + int(plan.Seconds*plan.PerSecond)
	ledger := newLedger(end, plan.Each)
	if err := listenAll(ctx, plan, ledger); err != nil {
		return nil, err
	}
	all, err := voices(plan)
	if err != nil {
		return nil, err
	}

	var sends sync.WaitGroup
	var before time.Duration
	late := make([]int64, 0, end)
	begin := time.Now()
	for number := range end {
		if number == start {
			if before, err = cpuTime(plan.Pids); err != nil {
				return nil, err
			}
		}
		due := begin.Add(time.Duration(number) * interval)
		time.Sleep(time.Until(due))
		if number >= start {
			late = append(late, int64(time.Since(due)))
		}
		ledger.Due(number, due)
		sends.Add(1)
		go func() {
			defer sends.Done()
			if err := all[number%len(all)].Send(ctx, number, ledger); err != nil {
				log.Print(err)
			}
		}()
	}
	sends.Wait()
	ledger.Await(end, patience)
	after, err := cpuTime(plan.Pids)
	if err != nil {
		return nil, err
	}
	result := &Steady{Counts: ledger.Counts(start, end), LateMs: timesOf(late), PerSecond: plan.PerSecond, WholeSeconds: plan.Seconds}
	result.AnsweredMs, result.DeliveredMs = ledger.Times(start, end)
	result.CPUMicros = micros(after-before) / float64(end-start)
	return result, nil
}

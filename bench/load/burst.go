package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// More than any server here can take in a second on two cores.
const (
	mostSends      = 100_000
	mostDeliveries = 1_000_000
)

// Burst is the result of sending as fast as the server acknowledges.
type Burst struct {
	Counts
	Latencies
	Usage
	Seconds             float64 `json:"seconds"`
	DeliveriesPerSecond float64 `json:"deliveries_per_second"`
}

// burst keeps a number of sends of each sender in flight for a time, and returns once everything is delivered.
func burst(ctx context.Context, plan *Plan) (*Burst, error) {
	most := min(mostSends, mostDeliveries/float64(plan.Each))
	ledger := newLedger(int((plan.WarmUpSeconds+plan.Seconds)*most), plan.Each)
	ledger.window = make(chan struct{}, plan.Window)
	if err := listenAll(ctx, plan, ledger); err != nil {
		return nil, err
	}
	all, err := voices(ctx, plan)
	if err != nil {
		return nil, err
	}
	start, err := pump(ctx, plan, all, ledger, 0, plan.WarmUpSeconds)
	if err != nil {
		return nil, err
	}
	before, err := read(plan)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	end, err := pump(ctx, plan, all, ledger, start, plan.Seconds)
	if err != nil {
		return nil, err
	}
	after, err := read(plan)
	if err != nil {
		return nil, err
	}
	counts, seconds := ledger.Counts(start, end), ledger.lastDelivery(start, end).Sub(begin).Seconds()
	return &Burst{
		Counts:              counts,
		Latencies:           ledger.Latencies(start, end),
		Usage:               usage(plan, before, after, counts.Deliveries),
		Seconds:             seconds,
		DeliveriesPerSecond: float64(counts.Deliveries) / seconds,
	}, nil
}

// pump returns, once everything is acknowledged and delivered and the server is idle, the next message number.
func pump(ctx context.Context, plan *Plan, all []Voice, ledger *Ledger, start int, seconds float64) (int, error) {
	sending, stop := context.WithTimeout(ctx, time.Duration(seconds*float64(time.Second)))
	defer stop()
	var next atomic.Int64
	next.Store(int64(start))
	var group errgroup.Group
	for _, voice := range all {
		for range plan.InFlight {
			group.Go(func() error { return speakOn(sending, ctx, voice, ledger, &next) })
		}
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	end := int(next.Load())
	ledger.Await(end)
	return end, rest(plan)
}

// speakOn sends one message after the other until it is stopped, and waits for the acknowledgement of the last.
func speakOn(sending, ctx context.Context, voice Voice, ledger *Ledger, next *atomic.Int64) error {
	for {
		select {
		case ledger.window <- struct{}{}:
		case <-sending.Done():
			return nil
		}
		if sending.Err() != nil {
			<-ledger.window
			return nil
		}
		number := int(next.Add(1)) - 1
		if number >= len(ledger.entries) {
			return errors.New("too many messages for the ledger: use a shorter duration")
		}
		ledger.Due(number, time.Now())
		if err := voice.Send(ctx, textOf(number)); err != nil {
			return err
		}
		ledger.Answered(number)
	}
}

func (l *Ledger) lastDelivery(start, end int) time.Time {
	var last time.Time
	for number := start; number < end; number++ {
		entry := &l.entries[number]
		if at := entry.due.Add(time.Duration(entry.completed.Load())); at.After(last) {
			last = at
		}
	}
	return last
}

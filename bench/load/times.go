package main

import "slices"

// Times in milliseconds.
type Times struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Latencies of delivered messages, from their due time.
type Latencies struct {
	Answered  Times `json:"answered_ms"`
	Delivered Times `json:"delivered_ms"` // to the first receiver
	Completed Times `json:"completed_ms"` // to the last receiver
}

func (l *Ledger) Latencies(start, end int) Latencies {
	var answers, deliveries, completions []int64
	for number := start; number < end; number++ {
		entry := &l.entries[number]
		answers = appendIfSet(answers, entry.answered.Load())
		deliveries = appendIfSet(deliveries, entry.delivered.Load())
		completions = appendIfSet(completions, entry.completed.Load())
	}
	return Latencies{timesOf(answers), timesOf(deliveries), timesOf(completions)}
}

func appendIfSet(all []int64, took int64) []int64 {
	if took == 0 {
		return all
	}
	return append(all, took)
}

func timesOf(nanoseconds []int64) Times {
	if len(nanoseconds) == 0 {
		return Times{}
	}
	slices.Sort(nanoseconds)
	at := func(share float64) float64 {
		return float64(nanoseconds[int(share*float64(len(nanoseconds)-1))]) / 1e6
	}
	return Times{P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: at(1)}
}

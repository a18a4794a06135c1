package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	textLength   = 200
	numberLength = 10
)

// A Ledger holds what became of every message. Messages are numbered; the number is the beginning of their text.
type Ledger struct {
	each    int // deliveries that a message should have
	entries []entry
	changed chan struct{}
}

type entry struct {
	due       time.Time // when it was to be sent: what a late sender costs counts too
	answered  atomic.Int64
	delivered atomic.Int64 // the first time
	count     atomic.Int64
}

func newLedger(size, each int) *Ledger {
	return &Ledger{each: each, entries: make([]entry, size), changed: make(chan struct{}, 1)}
}

func textOf(number int) string {
	head := fmt.Sprintf("%0*d ", numberLength, number)
	return head + strings.Repeat("x", textLength-len(head))
}

// Due notes when a message was to be sent; before it is sent.
func (l *Ledger) Due(number int, at time.Time) { l.entries[number].due = at }

// Answered notes that the server has confirmed a message.
func (l *Ledger) Answered(number int) {
	entry := &l.entries[number]
	entry.answered.Store(int64(time.Since(entry.due)))
}

// Delivered notes that a message has come to one receiver.
func (l *Ledger) Delivered(text string) {
	number, err := strconv.Atoi(text[:min(numberLength, len(text))])
	if err != nil || number >= len(l.entries) {
		return
	}
	entry := &l.entries[number]
	entry.delivered.CompareAndSwap(0, int64(time.Since(entry.due)))
	if entry.count.Add(1) == int64(l.each) {
		select {
		case l.changed <- struct{}{}:
		default:
		}
	}
}

// Await waits until everything before a number is delivered; after the patience it returns all the same.
func (l *Ledger) Await(end int, patience time.Duration) {
	deadline := time.After(patience)
	for l.Counts(0, end).Lost > 0 {
		select {
		case <-l.changed:
		case <-deadline:
			return
		}
	}
}

// Counts of the messages from one number to before another.
type Counts struct {
	Sends      int `json:"sends"`
	Unanswered int `json:"unanswered"`
	Deliveries int `json:"deliveries"`
	Lost       int `json:"lost"`
	Repeats    int `json:"repeats"`
}

func (l *Ledger) Counts(start, end int) Counts {
	counts := Counts{Sends: end - start}
	for number := start; number < end; number++ {
		entry := &l.entries[number]
		if entry.answered.Load() == 0 {
			counts.Unanswered++
		}
		count := int(entry.count.Load())
		counts.Deliveries += min(count, l.each)
		counts.Lost += max(l.each-count, 0)
		counts.Repeats += max(count-l.each, 0)
	}
	return counts
}

// Times in milliseconds.
type Times struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Times to the answer and to the (first) delivery, of the messages that got there.
func (l *Ledger) Times(start, end int) (answered, delivered Times) {
	var answers, deliveries []int64
	for number := start; number < end; number++ {
		if took := l.entries[number].answered.Load(); took != 0 {
			answers = append(answers, took)
		}
		if took := l.entries[number].delivered.Load(); took != 0 {
			deliveries = append(deliveries, took)
		}
	}
	return timesOf(answers), timesOf(deliveries)
}

func timesOf(nanoseconds []int64) Times {
	if len(nanoseconds) == 0 {
		return Times{}
	}
	slices.Sort(nanoseconds)
	at := func(share float64) float64 {
		return float64(nanoseconds[int(share*float64(len(nanoseconds)-1))]) / 1e6
	}
	return Times{P50: at(0.5), P99: at(0.99), Max: at(1)}
}

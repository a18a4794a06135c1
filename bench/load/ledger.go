package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	textLength   = 200
	numberLength = 10
	// A message that does not arrive within this time is lost.
	patience = 20 * time.Second
	glance   = time.Millisecond
)

// A Ledger records the fate of every message. The text of a message begins with its number.
type Ledger struct {
	each     int // deliveries expected per message
	entries  []entry
	complete atomic.Int64  // messages delivered to all receivers
	window   chan struct{} // one per message that is not; nil if nothing waits
}

type entry struct {
	due       time.Time // due time, so that the cost of a late sender counts
	answered  atomic.Int64
	delivered atomic.Int64 // first delivery
	completed atomic.Int64 // last expected delivery
	count     atomic.Int64
}

func newLedger(size, each int) *Ledger {
	return &Ledger{each: each, entries: make([]entry, size)}
}

func textOf(number int) string {
	head := fmt.Sprintf("%0*d ", numberLength, number)
	return head + strings.Repeat("x", textLength-len(head))
}

// numberOf returns -1 for a text without a number.
func numberOf(text string) int {
	number, err := strconv.Atoi(text[:min(numberLength, len(text))])
	if err != nil {
		return -1
	}
	return number
}

// Due records the due time of a message, before it is sent.
func (l *Ledger) Due(number int, at time.Time) { l.entries[number].due = at }

// Answered records that the server acknowledged a message.
func (l *Ledger) Answered(number int) {
	entry := &l.entries[number]
	entry.answered.Store(int64(time.Since(entry.due)))
}

// Delivered records that a message reached one receiver.
func (l *Ledger) Delivered(text string) {
	number := numberOf(text)
	if number < 0 || number >= len(l.entries) {
		return
	}
	entry := &l.entries[number]
	took := int64(time.Since(entry.due))
	entry.delivered.CompareAndSwap(0, took)
	if entry.count.Add(1) == int64(l.each) {
		entry.completed.Store(took)
		l.complete.Add(1)
		if l.window != nil {
			<-l.window
		}
	}
}

// Await waits until everything before a number is delivered to all receivers, or the time limit is reached.
func (l *Ledger) Await(end int) {
	deadline := time.Now().Add(patience)
	for l.complete.Load() < int64(end) && time.Now().Before(deadline) {
		time.Sleep(glance)
	}
}

// Counts of the messages in a range of numbers.
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

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
	// What has not come after this time is lost.
	patience = 20 * time.Second
	glance   = time.Millisecond
)

// A Ledger holds what became of every message. Messages are numbered; the number is the beginning of their text.
type Ledger struct {
	each     int // deliveries that a message should have
	entries  []entry
	complete atomic.Int64  // messages that came to everybody
	window   chan struct{} // one for each that did not yet; nil if nobody minds
}

type entry struct {
	due       time.Time // when it was to be sent: what a late sender costs counts too
	answered  atomic.Int64
	delivered atomic.Int64 // the first time
	completed atomic.Int64 // the last time that was wanted
	count     atomic.Int64
}

func newLedger(size, each int) *Ledger {
	return &Ledger{each: each, entries: make([]entry, size)}
}

func textOf(number int) string {
	head := fmt.Sprintf("%0*d ", numberLength, number)
	return head + strings.Repeat("x", textLength-len(head))
}

// numberOf is -1 for a text that is none of ours.
func numberOf(text string) int {
	number, err := strconv.Atoi(text[:min(numberLength, len(text))])
	if err != nil {
		return -1
	}
	return number
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

// Await waits until everything before a number came to everybody; after the patience it returns all the same.
func (l *Ledger) Await(end int) {
	deadline := time.Now().Add(patience)
	for l.complete.Load() < int64(end) && time.Now().Before(deadline) {
		time.Sleep(glance)
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

package main

import (
	"testing"
	"time"
)

func TestTheLedgerTellsLostRepeatedAndUnanswered(t *testing.T) {
	ledger := newLedger(4, 2)
	for number := range 4 {
		ledger.Due(number, time.Now())
		ledger.Answered(number)
	}
	ledger.entries[3].answered.Store(0)
	for _, number := range []int{0, 0, 1, 1, 1, 2} {
		ledger.Delivered(textOf(number))
	}

	got := ledger.Counts(0, 4)

	want := Counts{Sends: 4, Unanswered: 1, Deliveries: 5, Lost: 3, Repeats: 1}
	if got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func TestTimeBeginsWhenAMessageWasToBeSent(t *testing.T) {
	ledger := newLedger(1, 1)
	ledger.Due(0, time.Now().Add(-3*time.Second)) // sent late

	ledger.Delivered(textOf(0))

	if took := ledger.Latencies(0, 1).Delivered.P50; took < 3000 {
		t.Fatalf("%v ms: the time before it was sent is not counted", took)
	}
}

func TestAMessageLeavesTheWindowWhenEverybodyHasIt(t *testing.T) {
	ledger := newLedger(1, 2)
	ledger.window = make(chan struct{}, 1)
	ledger.window <- struct{}{}

	ledger.Delivered(textOf(0))
	if len(ledger.window) != 1 {
		t.Fatal("it left after the first delivery")
	}
	ledger.Delivered(textOf(0))
	if len(ledger.window) != 0 {
		t.Fatal("it did not leave")
	}
}

func TestTextsOfOthersAreNobodys(t *testing.T) {
	for _, text := range []string{"", "hello", "00000x0000 "} {
		if number := numberOf(text); number != -1 {
			t.Errorf("%q is taken for number %d", text, number)
		}
	}
	if text := textOf(7); len(text) != textLength || numberOf(text) != 7 {
		t.Errorf("%q is not number 7 in %d bytes", text, textLength)
	}
}

func TestPercentilesAreOfAllThatArrived(t *testing.T) {
	var took []int64
	for value := range 101 {
		took = append(took, int64(value)*1e6)
	}

	got := timesOf(took)

	if want := (Times{P50: 50, P95: 95, P99: 99, Max: 100}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

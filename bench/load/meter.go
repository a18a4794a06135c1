package main

import (
	"maps"
	"os"
	"slices"
	"time"
)

// A Reading is the resource use up to one moment.
type Reading struct {
	at      time.Time
	byName  map[string]time.Duration // processes and engines of the side
	load    time.Duration            // the load generator
	machine time.Duration            // the whole machine
}

func read(plan *Plan) (Reading, error) {
	reading := Reading{at: time.Now(), byName: map[string]time.Duration{}}
	for _, group := range []map[string][]int{plan.Processes, plan.Engines} {
		for name, pids := range group {
			used, err := cpuTime(pids)
			if err != nil {
				return reading, err
			}
			reading.byName[name] = used
		}
	}
	var err error
	if reading.load, err = cpuTime([]int{os.Getpid()}); err != nil {
		return reading, err
	}
	reading.machine, err = machineTime()
	return reading, err
}

// Usage is the CPU time of each process per delivered message, and the load of the machine.
type Usage struct {
	Own     float64            `json:"cpu_us"` // all processes of the side
	Engines float64            `json:"engines_cpu_us"`
	ByName  map[string]float64 `json:"cpu_us_by_process"`
	Load    float64            `json:"load_cpu_us"`  // the load generator
	Others  float64            `json:"others_share"` // cores used by other programs
}

func usage(plan *Plan, from, to Reading, deliveries int) Usage {
	each := func(used time.Duration) float64 { return micros(used) / float64(max(deliveries, 1)) }
	result := Usage{ByName: map[string]float64{}, Load: each(to.load - from.load)}
	ours := to.load - from.load
	for name := range from.byName {
		used := to.byName[name] - from.byName[name]
		ours += used
		result.ByName[name] = each(used)
		if _, own := plan.Processes[name]; own {
			result.Own += each(used)
		} else {
			result.Engines += each(used)
		}
	}
	result.Others = (to.machine - from.machine - ours).Seconds() / to.at.Sub(from.at).Seconds()
	return result
}

// rest waits until the side has finished its work after the deliveries, so that all of it is counted.
func rest(plan *Plan) error {
	pids := slices.Concat(slices.Collect(maps.Values(plan.Processes))...)
	deadline := time.Now().Add(restPatience)
	before, err := cpuTime(pids)
	for err == nil && time.Now().Before(deadline) {
		time.Sleep(restingWhile)
		var after time.Duration
		if after, err = cpuTime(pids); (after - before).Seconds() < atRest*restingWhile.Seconds() {
			break
		}
		before = after
	}
	return err
}

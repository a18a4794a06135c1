package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// Clock ticks per second on every Linux.
	tick = 10 * time.Millisecond
	// A side whose processes use less of a core than this has finished its work.
	atRest       = 0.2
	restingWhile = 400 * time.Millisecond
	restPatience = 15 * time.Second
)

// cpuTime returns the CPU time of the processes so far, in user mode and in the kernel.
func cpuTime(pids []int) (time.Duration, error) {
	var total time.Duration
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		// The second field is a name in parentheses, which may contain anything.
		used, err := ticks(strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[11:13]) // utime, stime
		if err != nil {
			return 0, err
		}
		total += used
	}
	return total, nil
}

// machineTime returns the CPU time of all processes of the machine so far.
func machineTime() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq …
	return ticks(append(fields[1:4], fields[6:8]...))
}

func ticks(fields []string) (time.Duration, error) {
	var total time.Duration
	for _, field := range fields {
		count, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		total += time.Duration(count) * tick
	}
	return total, nil
}

func residentKiB(pids []int) (int, error) {
	pages := 0
	for _, pid := range pids {
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return 0, err
		}
		resident, err := strconv.Atoi(strings.Fields(string(statm))[1])
		if err != nil {
			return 0, err
		}
		pages += resident
	}
	return pages * os.Getpagesize() / 1024, nil
}

func micros(duration time.Duration) float64 { return float64(duration) / float64(time.Microsecond) }

package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// The kernel counts in these on every Linux.
const tick = 10 * time.Millisecond

// cpuTime is what the processes have used so far, in user mode and in the kernel.
func cpuTime(pids []int) (time.Duration, error) {
	var total time.Duration
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		// The second field is a name in parentheses, and may hold anything.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, field := range fields[11:13] { // utime, stime
			ticks, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			total += time.Duration(ticks) * tick
		}
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

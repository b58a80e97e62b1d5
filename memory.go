package main

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

const memoryShare = 0.9 // of the container's memory, as a backstop

// limitMemory sets what GOMEMLIMIT has not.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if text, err := os.ReadFile(path); err == nil {
			if limit := containerLimit(string(text)); limit > 0 {
				debug.SetMemoryLimit(limit)
			}
			return
		}
	}
}

// containerLimit is the share of a cgroup's limit to use, 0 where there is none.
func containerLimit(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/2 {
		return 0
	}
	return int64(float64(n) * memoryShare)
}

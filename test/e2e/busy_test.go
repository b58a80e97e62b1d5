package e2e

import (
	"fmt"
	"os"
	"time"
)

// pressure measures how short of processors the machine is: the kernel's count of the time in which something that
// could run had to wait.
type pressure struct {
	began  time.Time
	waited time.Duration
	known  bool
}

func startPressure() pressure {
	waited, known := waitedForCPU()
	return pressure{time.Now(), waited, known}
}

func waitedForCPU() (time.Duration, bool) {
	raw, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0, false
	}
	var tenSeconds, minute, fiveMinutes float64
	var micros int64
	_, err = fmt.Sscanf(string(raw), "some avg10=%f avg60=%f avg300=%f total=%d", &tenSeconds, &minute, &fiveMinutes, &micros)
	return time.Duration(micros) * time.Microsecond, err == nil
}

// unknownPressure is the share where the kernel does not tell (CONFIG_PSI).
const unknownPressure = -1

// share is the part of the time since then in which something waited.
func (p pressure) share() float64 {
	waited, known := waitedForCPU()
	if !p.known || !known {
		return unknownPressure
	}
	return float64(waited-p.waited) / float64(time.Since(p.began))
}

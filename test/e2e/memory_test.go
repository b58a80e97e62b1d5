package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// memory watches how much is resident in this process and everything that it has started, while the tests run: at their
// end most of it is gone. What processes share is counted in each of them, so it is an upper bound.
type memory struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	peak   int            // MiB
	parts  map[string]int // of the peak, by command
}

func watchMemory() *memory {
	ctx, cancel := context.WithCancel(context.Background())
	m := &memory{cancel: cancel}
	m.done.Go(func() {
		for ctx.Err() == nil {
			m.look()
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
		}
	})
	return m
}

// stop ends the watch and says what the peak was, the largest parts first.
func (m *memory) stop() string {
	m.cancel()
	m.done.Wait()
	names := slices.SortedFunc(maps.Keys(m.parts), func(a, b string) int { return m.parts[b] - m.parts[a] })
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s %d", name, m.parts[name]))
	}
	return fmt.Sprintf("resident at most %d MiB: %s", m.peak, strings.Join(parts, ", "))
}

// look adds up the tree of processes below this one.
func (m *memory) look() {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	children := map[int][]process{}
	for _, file := range files {
		if p, ok := readProcess(file); ok {
			children[p.parent] = append(children[p.parent], p)
		}
	}
	self, _ := readProcess("/proc/self/stat")
	sum, parts := 0, map[string]int{}
	for queue := []process{self}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		sum += p.mib
		parts[p.name] += p.mib
		queue = append(queue, children[p.pid]...)
	}
	if sum > m.peak {
		m.peak, m.parts = sum, parts
	}
}

type process struct {
	name             string
	pid, parent, mib int
}

// readProcess reads number, name, parent and resident pages: fields 1, 2, 4 and 24 of stat. The name is in parentheses.
func readProcess(file string) (process, bool) {
	raw, err := os.ReadFile(file)
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if err != nil || open < 0 || end < open {
		return process{}, false
	}
	fields := strings.Fields(string(raw[end+1:]))
	if len(fields) < 22 {
		return process{}, false
	}
	p := process{name: string(raw[open+1 : end])}
	p.pid, _ = strconv.Atoi(strings.TrimSpace(string(raw[:open])))
	p.parent, _ = strconv.Atoi(fields[1])
	pages, _ := strconv.Atoi(fields[21])
	p.mib = pages * os.Getpagesize() >> 20
	return p, true
}

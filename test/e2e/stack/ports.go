package stack

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// given are the ports that FreePort has handed out: most are listened on seconds later.
var given struct {
	sync.Mutex
	ports map[int]bool
}

// FreePort returns a port of 127.0.0.1 that nothing listens on, a new one at each call. It lies below the range from
// which systems give ports to outgoing connections, or one of those would have it by the time it is listened on, and
// below the range that test/kafka takes its ports from.
func FreePort() (int, error) {
	const low, high = 10000, 15000
	given.Lock()
	defer given.Unlock()
	if given.ports == nil {
		given.ports = map[int]bool{}
	}
	for range 1000 {
		port := low + rand.IntN(high-low)
		if given.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		given.ports[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free port of loopback between %d and %d", low, high)
}

package kafka

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// freePorts picks n free ports of loopback below the ranges that systems give outgoing connections, so that a port
// stays free while the broker behind it is down.
func freePorts(n int) ([]int, error) {
	const low, high = 15000, 32000
	var ports []int
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for range 100 * n {
		port := low + rand.IntN(high-low)
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		held = append(held, l)
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("find %d free ports on loopback", n)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

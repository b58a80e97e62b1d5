package e2e

import (
	"os"
	"sync"
)

// tooBusy is the share of the time with something waiting for a processor above which a measurement says more about the
// machine than about the product: consumers, syncs and samples are late by more than the margins. Four tests at a time
// need about half of it on two cores.
const tooBusy = 0.7

// quietEnough is the share up to which the tolerances hold as they are; between the two, and where the share is not
// known, they are slack times as wide.
const (
	quietEnough = 0.4
	slack       = 3
)

// strictness is what a comparison was held to.
type strictness int

const (
	held    strictness = iota // the margins
	widened                   // wider ones
	skipped                   // nothing: it lay outside of the wider ones, on a machine that was too busy
)

// comparisons counts them, so that a machine that is always busy does not pass for a product that predicts well.
type comparisons struct {
	mu    sync.Mutex
	count [3]int
}

var compared comparisons

// strictnessAt is what a comparison under such a pressure is held to.
func strictnessAt(pressure float64) strictness {
	switch {
	case pressure > tooBusy:
		return skipped
	case pressure > quietEnough, pressure == unknownPressure:
		return widened
	}
	return held
}

// note counts a comparison.
func (c *comparisons) note(s strictness) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count[s]++
}

// report prints the counts. It says false where CI is "true" and every comparison was skipped.
func (c *comparisons) report() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.count[held] + c.count[widened] + c.count[skipped]
	if all == 0 {
		return true
	}
	logf("predictions compared: %d held to the margins, %d to wider ones, %d skipped", c.count[held], c.count[widened], c.count[skipped])
	if c.count[skipped] < all || os.Getenv("CI") != "true" {
		return true
	}
	logf("the machine was too busy for every one of them: nothing was tested of how well the simulator predicts")
	return false
}

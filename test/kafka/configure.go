package kafka

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Configure writes the broker's server.properties anew, with the given properties over what is there. They take effect
// when the broker starts the next time.
func (b *Broker) Configure(properties map[string]string) error {
	var extra strings.Builder
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&extra, "%s=%s\n", key, properties[key])
	}
	text, err := b.cluster.properties(b)
	if err != nil {
		return fmt.Errorf("configure broker %d: %w", b.ID, err)
	}
	// Of a property that stands twice the last one counts.
	if err := os.WriteFile(b.dir("server.properties"), []byte(text+extra.String()), 0o600); err != nil {
		return fmt.Errorf("configure broker %d: %w", b.ID, err)
	}
	return nil
}

package collector

import (
	"strings"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// Scrapes of all kinds while snapshots are published: each answer is whole, and of one snapshot.
func TestScrapesWhilePublishing(t *testing.T) {
	h := newTestHandler(t)
	few, many := largeSnapshot(10, 20), largeSnapshot(20, 20)
	few.Expires, many.Expires = testTime.Add(time.Hour), testTime.Add(time.Hour)
	h.Publish(few)
	stop := make(chan struct{})
	var publishing, scraping sync.WaitGroup
	publishing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				h.Publish([]*lag.Snapshot{few, many}[i%2])
			}
		}
	})
	for _, target := range []string{"/metrics", "/metrics?name[]=kafka_group_lag"} {
		for _, encoding := range []string{"gzip", "identity"} {
			for _, accept := range []string{"text/plain", "application/openmetrics-text; version=1.0.0"} {
				scraping.Go(func() {
					for range 20 {
						got := body(t, get(h, target, "Accept-Encoding", encoding, "Accept", accept))
						n := strings.Count(got, "\nkafka_group_lag{")
						if n != len(few.Groups) && n != len(many.Groups) {
							t.Errorf("%s %s %s: %d groups", target, encoding, accept, n)
						}
						if accept != "text/plain" && !strings.HasSuffix(got, "# EOF\n") {
							t.Errorf("%s %s %s: cut off", target, encoding, accept)
						}
					}
				})
			}
		}
	}
	scraping.Wait()
	close(stop)
	publishing.Wait()
}

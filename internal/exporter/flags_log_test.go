package exporter

import (
	"strings"
	"testing"

	"github.com/IBM/sarama"
)

// Each of the client library's lines arrives whole, and on one line.
func TestSaramaLines(t *testing.T) {
	defer func(l sarama.StdLogger) { sarama.Logger = l }(sarama.Logger)
	const want = "Failed to connect to broker 127.0.0.1:9092: dial tcp 127.0.0.1:9092: connection refused"
	for format, line := range map[string]string{"logfmt": `msg="` + want + `"`, "json": `"msg":"` + want + `"`} {
		var out strings.Builder
		(&LogFlags{level: "info", format: format, sarama: true}).Loggers(&out)
		sarama.Logger.Printf("Failed to connect to broker %s: %s\n", "127.0.0.1:9092", "dial tcp 127.0.0.1:9092: connection refused")
		sarama.Logger.Println("Failed to connect to broker", "127.0.0.1:9092:", "dial tcp 127.0.0.1:9092: connection refused")
		if got := out.String(); strings.Count(got, line) != 2 || strings.Count(got, "\n") != 2 || !strings.Contains(got, "debug") {
			t.Errorf("%s: %s", format, got)
		}
	}
}

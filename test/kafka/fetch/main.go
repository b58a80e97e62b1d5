// Command fetch fills the cache folder with the jars of Kafka that the tests run, so that no test has to wait for
// Maven. Without arguments it fetches every version the tests use.
package main

import (
	"context"
	"fmt"
	"os"

	"kafka_burndown_exporter/test/kafka"
)

func main() {
	versions := os.Args[1:]
	if len(versions) == 0 {
		versions = []string{kafka.DefaultVersion, kafka.OldVersion, kafka.NewVersion}
	}
	for _, version := range versions {
		dir, err := kafka.Prepare(context.Background(), version)
		if err != nil {
			fmt.Fprintln(os.Stderr, "fetch:", err)
			os.Exit(1)
		}
		fmt.Println(version, dir)
	}
}

// Command exporter is kafka_burndown_exporter for a world that runs --pace times as fast as the real one: windows and
// intervals have flags, the times in the pilots' law do not. Everything else is the program as it is shipped.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/exporter"
	"kafka_burndown_exporter/internal/pilot"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	app := kingpin.New("exporter", "kafka_burndown_exporter in a fast world.")
	cmd := app.Command("serve", "Serve.").Default()
	pace := cmd.Flag("pace", "How many of the pilots' seconds pass in one.").Default("1").Float64()
	f := exporter.AddFlags(cmd)
	kingpin.MustParse(app.Parse(os.Args[1:]))
	err := exporter.Serve(ctx, f, os.Stderr, func(o *exporter.Options) {
		options := o.Lag.Pilot
		o.Lag.Pilot = func(group string) pilot.Options {
			opt := options(group)
			opt.Speed = *pace
			return opt
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

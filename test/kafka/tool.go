package kafka

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

const brokerClass = "kafka.Kafka"

// toolClass returns the main class behind a script of Kafka's bin folder; the script's name itself if it is none, so
// that a class can be named directly.
func toolClass(script, version string) string {
	old := strings.HasPrefix(version, "3.")
	switch script {
	case "kafka-acls":
		if old {
			return "kafka.admin.AclCommand"
		}
		return "org.apache.kafka.tools.AclCommand"
	case "kafka-console-producer":
		if old {
			return "kafka.tools.ConsoleProducer"
		}
		return "org.apache.kafka.tools.ConsoleProducer"
	case "kafka-configs":
		return "kafka.admin.ConfigCommand"
	case "kafka-topics":
		return "org.apache.kafka.tools.TopicCommand"
	case "kafka-get-offsets":
		return "org.apache.kafka.tools.GetOffsetShell"
	case "kafka-delete-records":
		return "org.apache.kafka.tools.DeleteRecordsCommand"
	case "kafka-consumer-groups":
		return "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
	case "kafka-share-groups":
		return "org.apache.kafka.tools.consumer.group.ShareGroupCommand"
	case "kafka-streams-groups":
		return "org.apache.kafka.tools.streams.StreamsGroupCommand"
	case "kafka-console-consumer":
		return "org.apache.kafka.tools.consumer.ConsoleConsumer"
	case "kafka-console-share-consumer":
		return "org.apache.kafka.tools.consumer.ConsoleShareConsumer"
	}
	return script
}

// Tool runs one of Kafka's command line tools, named as its script without .sh (kafka-topics, kafka-consumer-groups,
// …) or by its main class, against the cluster's PLAINTEXT listeners, and returns what it printed to standard output.
// An error holds what it printed to standard error.
func (c *Cluster) Tool(ctx context.Context, script string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := c.toolCommand(ctx, script, args)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s%s", script, err, tail(stdout.Bytes()), tail(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// StartTool starts a tool that runs until it is stopped, such as kafka-console-consumer. The function it returns stops
// it with SIGTERM, so that a consumer leaves its group, waits for its end and returns its output. Close stops it too.
func (c *Cluster) StartTool(script string, args ...string) (stop func() string, err error) {
	var out bytes.Buffer
	cmd := c.toolCommand(context.Background(), script, args)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", script, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	stop = func() string {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-done
		return out.String()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tools = append(c.tools, stop)
	return stop, nil
}

func (c *Cluster) toolCommand(ctx context.Context, script string, args []string) *exec.Cmd {
	all := append([]string{"--bootstrap-server", c.Bootstrap()}, args...)
	return c.runtime.command(ctx, nil, toolClass(script, c.options.Version), all...)
}

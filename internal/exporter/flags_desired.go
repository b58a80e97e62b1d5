package exporter

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/pilot"
)

// DesiredFlags say what the pilots of the groups aim at.
type DesiredFlags struct {
	disable   bool
	objective time.Duration
	objectives,
	perReplica []string
	stateFile string
}

// AddDesiredFlags declares them.
func AddDesiredFlags(cmd cli.Flags) *DesiredFlags {
	f := &DesiredFlags{}
	cmd.Flag("desired.disable", "Do not work out how many replicas groups need. Members are then described once a minute.").
		BoolVar(&f.disable)
	cli.Declare(cmd, &f.objective, "desired.objective", "60s", "Age that messages may reach: kafka_group_desired_replicas is the "+
		"number of replicas that keeps it.", cli.ParseDuration)
	cmd.Flag("desired.objective-for", "REGEX=DURATION: another objective for the groups that the regular expression matches as a "+
		"whole. Repeatable; the first match counts.").PlaceHolder("REGEX=DURATION").StringsVar(&f.objectives)
	cmd.Flag("desired.members-per-replica", "REGEX=N: one replica of these groups brings N members, such as a pod with N consumer "+
		"threads. Needed only where Kafka does not tell pods apart. Repeatable; the first match counts.").
		PlaceHolder("REGEX=N").StringsVar(&f.perReplica)
	cmd.Flag("state.file", "File that keeps what was learned of the groups' capacity over a restart. Default: none; it is then "+
		"measured anew.").PlaceHolder("FILE").StringVar(&f.stateFile)
	return f
}

// Apply spaces the descriptions of groups where nothing needs one in every wave.
func (f *DesiredFlags) Apply(cfg *kafka.Config) error {
	if f.disable {
		if cfg.MembersRefresh == 0 {
			cfg.MembersRefresh = kafka.SlowMembersRefresh
		}
		return nil
	}
	return checkMembers(cfg)
}

// checkMembers is for an exporter with pilots: with older members they never learn what a member can do.
func checkMembers(cfg *kafka.Config) error {
	if cfg.MembersRefresh <= cfg.Interval {
		return nil
	}
	return fmt.Errorf("--refresh.members=%s: desired replicas need the members in every sample; remove the flag, or add --desired.disable",
		human.Duration(cfg.MembersRefresh))
}

// StateFile is where what was learned is kept; empty: nowhere.
func (f *DesiredFlags) StateFile() string { return f.stateFile }

// groupRule is a value for the groups that an expression matches.
type groupRule[T any] struct {
	group *regexp.Regexp
	value T
}

func find[T any](rules []groupRule[T], group string) (value T) {
	for _, r := range rules {
		if r.group.MatchString(group) {
			return r.value
		}
	}
	return value
}

// Pilot returns the options of each group's pilot; nil where there are no pilots.
func (f *DesiredFlags) Pilot() (func(group string) pilot.Options, error) {
	if f.disable {
		if len(f.objectives)+len(f.perReplica) > 0 || f.stateFile != "" {
			return nil, fmt.Errorf("--desired.disable: leaves nothing to --desired.objective-for, --desired.members-per-replica and " +
				"--state.file; remove it or them")
		}
		return nil, nil
	}
	objectives, err := groupRules("desired.objective-for", "DURATION", f.objectives, cli.ParseDuration)
	if err != nil {
		return nil, err
	}
	perReplica, err := groupRules("desired.members-per-replica", "N", f.perReplica, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxMembersPerReplica {
			return 0, fmt.Errorf("%q is not an integer from 1 to %d", s, maxMembersPerReplica)
		}
		return n, nil
	})
	if err != nil {
		return nil, err
	}
	return func(group string) pilot.Options {
		o := pilot.Options{Objective: find(objectives, group), MembersPerReplica: find(perReplica, group)}
		if o.Objective == 0 {
			o.Objective = f.objective
		}
		return o
	}, nil
}

const maxMembersPerReplica = 10_000

// groupRules reads REGEX=VALUE; the value is what follows the last equals sign.
func groupRules[T any](flag, what string, items []string, parse func(string) (T, error)) ([]groupRule[T], error) {
	var out []groupRule[T]
	for _, item := range items {
		at := strings.LastIndexByte(item, '=')
		if at < 1 || at == len(item)-1 {
			return nil, fmt.Errorf("--%s: %q is not of the form REGEX=%s", flag, item, what)
		}
		re, err := regexp.Compile("^(?:" + item[:at] + ")$")
		if err != nil {
			return nil, fmt.Errorf("--%s: %q is not a regular expression (RE2): %w", flag, item[:at], err)
		}
		value, err := parse(item[at+1:])
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		out = append(out, groupRule[T]{re, value})
	}
	return out, nil
}

package scenario

import (
	"reflect"
	"time"
)

// Scenario is one workload file. Times in it are durations since the start of the run.
type Scenario struct {
	Name        string         `yaml:"name" doc:"Short name, lower case with dashes." required:"true" pattern:"^[a-z0-9][a-z0-9-]*$"`
	Title       string         `yaml:"title" doc:"One line for tables and pages."`
	Description string         `yaml:"description" doc:"What the workload is and where its figures come from."`
	Start       time.Time      `yaml:"start" doc:"Wall clock at the start of the run, for daily curves and cron triggers."`
	Duration    time.Duration  `yaml:"duration" doc:"Length of the run." required:"true"`
	Seed        uint64         `yaml:"seed" doc:"Seed of everything random."`
	Pipeline    Pipeline       `yaml:"pipeline" doc:"How a metric gets from Kafka to the autoscaler."`
	Topics      []Topic        `yaml:"topics" doc:"The topics." required:"true"`
	Producers   []Producer     `yaml:"producers" doc:"Who produces how much to which topic." required:"true"`
	Services    []Service      `yaml:"services" doc:"The Deployments that consume." required:"true"`
	Faults      []Fault        `yaml:"faults" doc:"What goes wrong, and when."`
	Default     string         `yaml:"default" doc:"The candidate that the others are compared with; the first one if empty."`
	Demo        Demo           `yaml:"demo" doc:"What the demo starts with, and what its page can switch to."`
	Candidates  []Candidate    `yaml:"candidates" doc:"The autoscaling set-ups that are compared."`
	Published   *Published     `yaml:"published" doc:"Figures published elsewhere, printed beside the simulated ones."`
	Definitions map[string]any `yaml:"definitions" doc:"Place for YAML anchors; not read."`

	// File is where the scenario was read from; relative paths in it start at its folder.
	File  string `yaml:"-"`
	lines map[string]int
}

// Pipeline is the way of a metric from Kafka to the autoscaler.
type Pipeline struct {
	SampleInterval time.Duration `yaml:"sampleInterval" doc:"How often the exporter samples Kafka." default:"10s"`
	ScrapeInterval time.Duration `yaml:"scrapeInterval" doc:"How often Prometheus scrapes the exporter." default:"15s"`
	RuleInterval   time.Duration `yaml:"ruleInterval" doc:"How often rule groups are evaluated that name no interval." default:"15s"`
	RateWindow     time.Duration `yaml:"rateWindow" doc:"Window of the rates." default:"2m"`

	Labels map[string]string `yaml:"labels" doc:"Labels that a scrape gives every series of the exporter, such as namespace. job is kafka-burndown-exporter unless it is given."`
	Rules  []string          `yaml:"rules" doc:"Rule files to evaluate instead of the shipped ones."`
	Series []string          `yaml:"series" doc:"Series of other exporters that are scraped too: a preset such as kminion, or SIGNAL=SELECTOR."`

	// RuleTexts are the rule files as they were read, in the order of Rules.
	RuleTexts []RuleText `yaml:"-"`
}

// RuleText is a rule file.
type RuleText struct {
	Name string
	Data []byte
}

// DefaultPipeline is the pipeline of a scenario that says nothing of it: the exporter's own defaults, and what Prometheus
// is commonly given.
func DefaultPipeline() Pipeline {
	var p Pipeline
	setDefaults(reflect.ValueOf(&p).Elem())
	return p
}

// Topic is a topic and how its messages spread over the partitions.
type Topic struct {
	Name       string        `yaml:"name" doc:"Name of the topic." required:"true"`
	Partitions int           `yaml:"partitions" doc:"Number of partitions." required:"true" min:"1" max:"1000"`
	Weights    []float64     `yaml:"weights" doc:"Relative share of each partition; even if absent."`
	Hot        *Hot          `yaml:"hot" doc:"One partition gets a fixed share, the others share the rest evenly."`
	Retention  time.Duration `yaml:"retention" doc:"Age at which messages are deleted; 0 keeps them."`
}

// Hot is a hot partition.
type Hot struct {
	Partition int     `yaml:"partition" doc:"Which partition." min:"0"`
	Share     float64 `yaml:"share" doc:"Its share of all messages." required:"true" min:"0" max:"1"`
}

// Producer produces to one topic.
type Producer struct {
	Name    string  `yaml:"name" doc:"Name of the producer." required:"true"`
	Topic   string  `yaml:"topic" doc:"Where to." required:"true"`
	Profile Profile `yaml:"profile" doc:"How much; its parts add up." required:"true"`
}

// Profile is a production rate over time in messages/s: the sum of its parts, times scale, with noise.
type Profile struct {
	Points  []Point `yaml:"points" doc:"Rates at times, straight lines between; the first holds before, the last after."`
	Step    bool    `yaml:"step" doc:"Hold each point until the next instead of drawing lines."`
	Curve   *Curve  `yaml:"curve" doc:"A periodic curve, such as a day."`
	Bursts  []Burst `yaml:"bursts" doc:"Additional rate for a while."`
	Batches []Batch `yaml:"batches" doc:"A number of messages within a while."`
	CSV     *CSV    `yaml:"csv" doc:"A recorded rate from a CSV file."`
	Noise   float64 `yaml:"noise" doc:"Relative standard deviation of each second's rate." min:"0" max:"1"`
	Scale   float64 `yaml:"scale" doc:"Factor on the whole." default:"1" min:"0"`
}

// Point is a rate at a time.
type Point struct {
	At   time.Duration `yaml:"at" doc:"When." required:"true"`
	Rate float64       `yaml:"rate" doc:"Messages/s." required:"true" min:"0"`
}

// Curve is a cosine between low and high with its peak at a time of the period. The period is aligned with the wall
// clock's midnight, so that a 24 h curve peaks at a time of day.
type Curve struct {
	Period time.Duration `yaml:"period" doc:"Length of the period." default:"24h"`
	Low    float64       `yaml:"low" doc:"Messages/s in the trough." min:"0"`
	High   float64       `yaml:"high" doc:"Messages/s at the peak." required:"true" min:"0"`
	Peak   time.Duration `yaml:"peak" doc:"Time of the peak since the start of the period."`
}

// Burst adds rate for a while, once or repeatedly.
type Burst struct {
	At    time.Duration `yaml:"at" doc:"When it begins." required:"true"`
	For   time.Duration `yaml:"for" doc:"How long it lasts, ramps included." required:"true"`
	Ramp  time.Duration `yaml:"ramp" doc:"Time to rise, and to fall again."`
	Rate  float64       `yaml:"rate" doc:"Messages/s on top." required:"true" min:"0"`
	Every time.Duration `yaml:"every" doc:"Repeats at this interval; once if 0."`
}

// Batch is a number of messages spread evenly over a while, once or repeatedly.
type Batch struct {
	At       time.Duration `yaml:"at" doc:"When it begins." required:"true"`
	For      time.Duration `yaml:"for" doc:"How long it takes." required:"true"`
	Messages float64       `yaml:"messages" doc:"How many messages." required:"true" min:"0"`
	Every    time.Duration `yaml:"every" doc:"Repeats at this interval; once if 0."`
}

// CSV names a recorded rate.
type CSV struct {
	File string `yaml:"file" doc:"Path, relative to the scenario file." required:"true"`
	Time string `yaml:"time" doc:"Column with the time: Unix seconds, RFC 3339, or seconds from 0." default:"time"`
	Rate string `yaml:"rate" doc:"Column with the rate in messages/s." default:"rate"`

	series *Series
}

// Service is a Deployment whose pods are members of one consumer group.
type Service struct {
	Name           string         `yaml:"name" doc:"Name of the Deployment." required:"true"`
	Namespace      string         `yaml:"namespace" doc:"Its namespace." default:"default"`
	Group          string         `yaml:"group" doc:"Consumer group of its pods." required:"true"`
	GroupType      string         `yaml:"groupType" doc:"Type of the group: classic stands for the consumer protocol (KIP-848) too." default:"classic" enum:"classic,share,streams"`
	Topics         []string       `yaml:"topics" doc:"Topics the group subscribes to." required:"true"`
	Subtopologies  [][]string     `yaml:"subtopologies" doc:"streams: the topics of each sub-topology; partitions of one number are one task. Each topic by itself if absent."`
	Threads        int            `yaml:"threads" doc:"Members that one pod brings into the group; they share its capacity." default:"1" min:"1" max:"1000"`
	Capacity       Capacity       `yaml:"capacity" doc:"What one pod can do." required:"true"`
	Produces       []Output       `yaml:"produces" doc:"What it produces to the next stage."`
	StartDelay     time.Duration  `yaml:"startDelay" doc:"From the decision until a pod joins the group." default:"30s"`
	ReadyDelay     time.Duration  `yaml:"readyDelay" doc:"From joining until the pod is Ready."`
	SessionTimeout time.Duration  `yaml:"sessionTimeout" doc:"After which a crashed member is removed from the group." default:"45s"`
	Rebalance      Rebalance      `yaml:"rebalance" doc:"What a change of membership costs."`
	Assignor       string         `yaml:"assignor" doc:"Partition assignor." default:"range" enum:"range,roundrobin,sticky,cooperative-sticky"`
	CommitInterval time.Duration  `yaml:"commitInterval" doc:"How often offsets are committed. A share group acknowledges each fetch instead." default:"5s"`
	Fetch          int            `yaml:"fetch" doc:"share: records that a member takes at a time, and acknowledges when it has handled them (max.poll.records)." default:"500" min:"1"`
	LockTimeout    time.Duration  `yaml:"lockTimeout" doc:"share: after which records that were taken and not acknowledged are handed out again (group.share.record.lock.duration.ms)." default:"30s"`
	OffsetReset    string         `yaml:"offsetReset" doc:"auto.offset.reset, or share.auto.offset.reset." default:"earliest" enum:"earliest,latest"`
	Replicas       Replicas       `yaml:"replicas" doc:"Replica counts."`
	Resources      Resources      `yaml:"resources" doc:"CPU and memory in percent of the request."`
	Cost           float64        `yaml:"costPerReplicaHour" doc:"Price of one replica for one hour." min:"0"`
	Objective      Objective      `yaml:"objective" doc:"What good service means."`
	Metrics        []CustomMetric `yaml:"metrics" doc:"Series that the service itself publishes."`
}

// Capacity is what one pod can do.
type Capacity struct {
	PerPod      float64       `yaml:"perPod" doc:"Messages/s of one pod over the mix of events." required:"true"`
	MessageTime time.Duration `yaml:"messageTime" doc:"Time to handle one message; perPod × messageTime are handled at once. 1/perPod if absent."`
	Events      []Event       `yaml:"events" doc:"The mix of events; all alike if absent."`
}

// Event is one kind of message.
type Event struct {
	Name  string  `yaml:"name" doc:"Kind of message." required:"true"`
	Share float64 `yaml:"share" doc:"Relative frequency, such as 5 of 5:3:1." required:"true"`
	Cost  float64 `yaml:"cost" doc:"Relative cost; the mean over the mix is what perPod is measured with." default:"1"`
}

// Output is what a service produces.
type Output struct {
	From  string  `yaml:"from" doc:"Only messages of this topic; all if absent."`
	Topic string  `yaml:"topic" doc:"Where to." required:"true"`
	Ratio float64 `yaml:"ratio" doc:"Messages produced per message consumed." default:"1" min:"0"`
}

// Rebalance is the cost of a membership change.
type Rebalance struct {
	Pause time.Duration `yaml:"pause" doc:"How long partitions that take part are not consumed." default:"5s"`
	Style string        `yaml:"style" doc:"eager stops every member, cooperative only partitions that move." default:"eager" enum:"eager,cooperative"`
}

// Replicas are the bounds of a Deployment.
type Replicas struct {
	Initial int `yaml:"initial" doc:"Replicas at the start." default:"1" min:"0"`
	Min     int `yaml:"min" doc:"Lower limit for tune." default:"1" min:"0"`
	Max     int `yaml:"max" doc:"Upper limit for tune; if 0, the most that can have work. A share group needs it, since it has no such limit." min:"0"`
}

// Resources are utilisations in percent of the request, for cpu and memory triggers.
type Resources struct {
	CPUIdle float64 `yaml:"cpuIdle" doc:"CPU of a ready pod without work." default:"5" min:"0"`
	CPUBusy float64 `yaml:"cpuBusy" doc:"CPU of a pod at full capacity." default:"80" min:"0"`
	Memory  float64 `yaml:"memory" doc:"Memory of a ready pod." default:"40" min:"0"`
}

// Objective is what good service means.
type Objective struct {
	MaxAge     time.Duration `yaml:"maxAge" doc:"Messages shall not wait longer." default:"60s"`
	Percentile float64       `yaml:"percentile" doc:"For this share of the time, in percent." default:"99" min:"0" max:"100"`
	MaxLag     float64       `yaml:"maxLag" doc:"Lag that counts as drained." default:"1000" min:"0"`
}

// CustomMetric is a series that a service publishes besides the exporter's.
type CustomMetric struct {
	Name   string            `yaml:"name" doc:"Name of the series." required:"true"`
	Labels map[string]string `yaml:"labels" doc:"Its labels."`
	Value  string            `yaml:"value" doc:"What it shows of the group." default:"lag" enum:"lag"`
}

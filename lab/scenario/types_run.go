package scenario

import "time"

// The kinds of faults.
const (
	FaultCrash     = "crash"     // pods fail without leaving the group and are replaced
	FaultBrownout  = "brownout"  // consumption runs at a factor of its capacity
	FaultNoCommits = "commits"   // commits fail, consumption goes on
	FaultScrapes   = "scrapes"   // scrapes of the exporter are lost
	FaultPartial   = "partial"   // a share of the partitions cannot be read
	FaultExpire    = "retention" // messages older than keep are deleted
	FaultSkew      = "skew"      // one partition gets a share of all messages
	FaultBurst     = "burst"     // additional production
	FaultStop      = "stop"      // consumers stay members but consume nothing
)

// Fault is something that goes wrong.
type Fault struct {
	Kind      string        `yaml:"kind" doc:"What happens." required:"true" enum:"crash,brownout,commits,scrapes,partial,retention,skew,burst,stop"`
	At        time.Duration `yaml:"at" doc:"When." required:"true"`
	For       time.Duration `yaml:"for" doc:"For how long."`
	Every     time.Duration `yaml:"every" doc:"Repeats at this interval; once if 0."`
	Service   string        `yaml:"service" doc:"Which service (crash, brownout, commits, stop); all if absent."`
	Topic     string        `yaml:"topic" doc:"Which topic (retention, skew, burst)."`
	Count     int           `yaml:"count" doc:"How many pods crash." default:"1" min:"1"`
	Factor    float64       `yaml:"factor" doc:"brownout: what is left of the capacity. partial: share of partitions that cannot be read." min:"0" max:"1"`
	Partition int           `yaml:"partition" doc:"skew: which partition." min:"0"`
	Share     float64       `yaml:"share" doc:"skew: its share of all messages." min:"0" max:"1"`
	Rate      float64       `yaml:"rate" doc:"burst: messages/s on top." min:"0"`
	Keep      time.Duration `yaml:"keep" doc:"retention: age of the oldest message that stays."`
}

// ActiveAt reports whether the fault lasts at t. A crash lasts an instant: see Begins.
func (f *Fault) ActiveAt(t time.Duration) bool {
	if t < f.At {
		return false
	}
	since := t - f.At
	if f.Every > 0 {
		since %= f.Every
	}
	return since < f.For
}

// Begins reports whether the fault begins within [from, to).
func (f *Fault) Begins(from, to time.Duration) bool {
	if to <= f.At {
		return false
	}
	if f.Every <= 0 {
		return f.At >= from
	}
	if from <= f.At {
		return true
	}
	n := (from - f.At + f.Every - 1) / f.Every
	return f.At+n*f.Every < to
}

// Candidate is one way to scale the services: ScaledObjects that name them in scaleTargetRef. A service that none of
// them names is scaled as the base has it, and without one keeps its initial replicas.
type Candidate struct {
	Name      string         `yaml:"name" doc:"Short name for tables." required:"true"`
	Title     string         `yaml:"title" doc:"One line that says what it is."`
	Verdict   string         `yaml:"verdict" doc:"Why it was chosen or discarded, printed below the table."`
	Base      string         `yaml:"base" doc:"Candidate whose ScaledObjects stand in for services not named here."`
	Replicas  map[string]int `yaml:"replicas" doc:"Initial replicas by service, where they differ from the service's."`
	Only      []string       `yaml:"only" doc:"Services on which the candidate is compared; with a base, those it has manifests for, else all."`
	Manifests []Manifest     `yaml:"manifests" doc:"The ScaledObjects; none: fixed replicas."`
}

// Manifest is a ScaledObject, inline or from a file.
type Manifest struct {
	File   string `yaml:"file" doc:"Path, relative to the scenario file."`
	Object any    `yaml:"object" doc:"The ScaledObject itself."`

	// Text is the manifest as YAML, Origin where it comes from.
	Text   []byte `yaml:"-"`
	Origin string `yaml:"-"`
}

// Demo says how the demo shows a scenario.
type Demo struct {
	Start  string   `yaml:"start" doc:"The candidate that the demo starts with; the default one if empty."`
	Switch []Choice `yaml:"switch" doc:"The choices of the switch on the demo's page; every candidate if absent."`
	Watch  string   `yaml:"watch" doc:"The service that the page's first steps tell you to watch; the first one if empty."`

	From time.Duration `yaml:"from" doc:"Where in the scenario the demo begins."`
}

// Choice is one position of the demo's switch.
type Choice struct {
	Candidate string `yaml:"candidate" doc:"Name of the candidate." required:"true"`
	Label     string `yaml:"label" doc:"What the page calls it." required:"true"`
}

// Published is a set of figures from elsewhere, for one service.
type Published struct {
	Service  string        `yaml:"service" doc:"Which service." required:"true"`
	Offset   time.Duration `yaml:"offset" doc:"When the published time 0 is in the run."`
	Timeline []Claim       `yaml:"timeline" doc:"The published course."`
	Claims   []Result      `yaml:"claims" doc:"The published results."`
	Example  *Example      `yaml:"example" doc:"A worked example of metrics and the replicas they ask for."`
	Why      []string      `yaml:"why" doc:"Why the real algorithm gives something else."`
}

// Example asks what one reconcile makes of a lag, with the lag itself, its logarithms and log2×7 as metric.
type Example struct {
	Replicas int       `yaml:"replicas" doc:"Replicas at that moment." required:"true" min:"1"`
	Accepted float64   `yaml:"accepted" doc:"Accepted lag, which is the target." required:"true" min:"2"`
	Lags     []float64 `yaml:"lags" doc:"Lags to look at." required:"true"`
}

// Claim is a row of a published timeline.
type Claim struct {
	At       time.Duration `yaml:"at" doc:"Published time." required:"true"`
	Rate     float64       `yaml:"rate" doc:"Messages/s." min:"0"`
	Lag      float64       `yaml:"lag" doc:"Lag." min:"0"`
	Replicas string        `yaml:"replicas" doc:"Replicas, such as 2 or 2→5."`
}

// Result is a published before and after.
type Result struct {
	What   string `yaml:"what" doc:"Which figure." required:"true"`
	Before string `yaml:"before" doc:"Before."`
	After  string `yaml:"after" doc:"After."`
	// Measure names the simulated figure to print beside it.
	Measure string `yaml:"measure" doc:"The simulated figure to print beside it." enum:"peakLag,maxAge,p95Age,maxReplicas,cost"`
}

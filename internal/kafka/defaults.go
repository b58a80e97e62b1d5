package kafka

import (
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// SlowMembersRefresh is how often members are read where nobody asks for the desired replicas.
const SlowMembersRefresh = time.Minute

// Defaults are the settings of a sampler that is given no flags, without the brokers. What the tracker needs too is
// taken from its defaults.
func Defaults() Config {
	o := lag.Defaults()
	return Config{
		ClientID: "kafka_burndown_exporter", Interval: o.Interval, MaxAge: o.MaxAge, RateWindow: o.RateWindow,
		MetadataRefresh: 30 * time.Second, StartsRefresh: time.Minute,
	}
}

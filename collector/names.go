package collector

import "kafka_burndown_exporter/internal/lag"

// Families is the one table of everything published about the cluster, in the order of the exposition. The series of the
// exporter about itself are not in it (see SelfFamilies). Every call returns its own copy.
func Families() []Family {
	table := clusterFamilies()
	table = append(table, topicFamilies()...)
	table = append(table, dropInGroupFamilies()...)
	table = append(table, lagFamilies()...)
	table = append(table, counterFamilies()...)
	table = append(table, partitionCountFamilies()...)
	table = append(table, desiredFamilies()...)
	return append(table, groupFamilies()...)
}

// Names returns the names of Families and SelfFamilies, in order.
func Names() []string {
	var names []string
	for _, f := range append(Families(), SelfFamilies()...) {
		names = append(names, f.Name)
	}
	return names
}

// The label names of the series; but for the cluster's as kafka_exporter has them.
const (
	labelClusterID = "cluster_id"
	labelGroup     = "consumergroup"
	labelTopic     = "topic"
	labelPartition = "partition"

	labelBrokerID      = "id"
	labelBrokerAddress = "address"
)

func clusterFamilies() []Family {
	return []Family{
		{
			Name: "kafka_brokers", Type: Gauge, Level: LevelCluster, DropIn: true,
			Help: "Brokers in the cluster's metadata.",
			cluster: func(s *lag.Snapshot) float64 {
				n := 0
				for i := range s.Brokers {
					if !s.Brokers[i].Gone {
						n++
					}
				}
				if n == 0 {
					return lag.Absent
				}
				return float64(n)
			},
		},
		{
			Name: "kafka_cluster_info", Type: Gauge, Level: LevelClusterID,
			Help:   "Always 1; its label is the ID of the cluster that is watched.",
			Labels: []string{labelClusterID},
			cluster: func(s *lag.Snapshot) float64 {
				if s.ClusterID == "" {
					return lag.Absent
				}
				return 1
			},
		},
		{
			Name: "kafka_broker_info", Type: Gauge, Level: LevelBroker, DropIn: true,
			Help:   "Always 1; its labels tell a broker's id and address.",
			Labels: []string{labelBrokerAddress, labelBrokerID},
			broker: func(b *lag.Broker) float64 {
				if b.Gone { // of the cluster no more, but broker_up still tells of it
					return lag.Absent
				}
				return 1
			},
		},
	}
}

// known turns a count that is negative where it is not known into a value.
func known[T int | int32 | int64](n T) float64 {
	if n < 0 {
		return lag.Absent
	}
	return float64(n)
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

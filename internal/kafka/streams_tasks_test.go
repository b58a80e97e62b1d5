package kafka

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// streamsID is a task id as Kafka Streams writes it.
type streamsID struct {
	subtopology, partition int32
	topology               string
}

// streamsAssignment is a member's assignment with Kafka Streams' own part in it. What follows the active tasks (standby
// tasks, hosts) is one number here.
func streamsAssignment(version int32, active ...streamsID) []byte {
	info := binary.BigEndian.AppendUint32(nil, uint32(version))
	if version >= 3 {
		info = binary.BigEndian.AppendUint32(info, uint32(version))
	}
	info = binary.BigEndian.AppendUint32(info, uint32(len(active)))
	for _, id := range active {
		info = binary.BigEndian.AppendUint32(info, uint32(id.subtopology))
		info = binary.BigEndian.AppendUint32(info, uint32(id.partition))
		if version >= 10 {
			name := utf16.Encode([]rune(id.topology))
			info = binary.BigEndian.AppendUint32(info, uint32(len(name)))
			for _, c := range name {
				info = binary.BigEndian.AppendUint16(info, c)
			}
		}
	}
	m := kmsg.NewConsumerMemberAssignment()
	for _, name := range []string{"left", "right"} {
		t := kmsg.NewConsumerMemberAssignmentTopic()
		t.Topic, t.Partitions = name, []int32{0, 1}
		m.Topics = append(m.Topics, t)
	}
	m.UserData = binary.BigEndian.AppendUint32(info, 0)
	return m.AppendTo(nil)
}

func TestStreamsTasks(t *testing.T) {
	for _, c := range []struct {
		name    string
		members [][]byte
		want    int
	}{
		// A task is told once for each of its input partitions.
		{"two topics of four partitions, one sub-topology", [][]byte{
			streamsAssignment(11, streamsID{0, 0, ""}, streamsID{0, 0, ""}, streamsID{0, 1, ""}, streamsID{0, 1, ""}),
			streamsAssignment(11, streamsID{0, 2, ""}, streamsID{0, 2, ""}, streamsID{0, 3, ""}, streamsID{0, 3, ""}),
		}, 4},
		{"two sub-topologies", [][]byte{
			streamsAssignment(9, streamsID{0, 0, ""}, streamsID{1, 2, ""}),
			streamsAssignment(9, streamsID{0, 1, ""}, streamsID{1, 0, ""}, streamsID{1, 1, ""}),
		}, 5},
		{"the oldest version", [][]byte{streamsAssignment(1, streamsID{0, 0, ""}, streamsID{0, 1, ""})}, 2},
		{"named topologies", [][]byte{streamsAssignment(10, streamsID{0, 1, "a"}, streamsID{0, 0, "ä🦜"})}, 3},
		{"a member that has none yet", [][]byte{streamsAssignment(11, streamsID{0, 1, ""}), nil}, 2},
		{"nothing assigned", [][]byte{nil}, 0},
		{"cut", [][]byte{streamsAssignment(11, streamsID{0, 1, ""}), streamsAssignment(11, streamsID{0, 2, ""})[:60]}, 0},
		{"no user data", [][]byte{assignment("a")}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := sarama.GroupDescription{State: "Stable", ProtocolType: "consumer", Protocol: streamsAssignor,
				Members: map[string]*sarama.GroupMemberDescription{}}
			for i, m := range c.members {
				a.Members[string(rune('a'+i))] = &sarama.GroupMemberDescription{
					MemberMetadata: subscription(1, "left", "right"), MemberAssignment: m,
				}
			}
			s := &Sampler{topicNames: newNamer(nil, nil, Shard{})}
			if got, _ := s.classicMembers(&a, nil, time.Now()); got.Tasks != c.want {
				t.Errorf("%d tasks, want %d", got.Tasks, c.want)
			}
		})
	}
}

func FuzzStreamsTasks(f *testing.F) {
	f.Add(streamsAssignment(11, streamsID{0, 0, ""}, streamsID{1, 2, "a"}))
	f.Add(streamsAssignment(2, streamsID{0, math.MaxInt32, ""}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var tasks streamsTasks
		tasks.add(data)
		if n := tasks.count(); n < 0 || len(tasks.partitions) > len(data)/8 {
			t.Errorf("%d tasks, %v", n, tasks.partitions)
		}
	})
}

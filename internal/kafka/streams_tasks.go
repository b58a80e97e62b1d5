package kafka

// Versions of the assignment that Kafka Streams puts into its members' user data (AssignmentInfo): from the one on it
// tells the version that all members have in common, and task ids carry the name of their topology.
const (
	streamsCommonVersion = 3
	streamsNamedVersion  = 10
)

// streamsAssignor is how Kafka Streams names its assignor.
const streamsAssignor = "stream"

// streamsTask is one sub-topology of a (mostly unnamed) topology.
type streamsTask struct {
	topology    string
	subtopology int32
}

// streamsTasks counts the tasks of a Kafka Streams group on the classic protocol by its members' assignments. The
// partitions of a sub-topology are numbered from 0, so that the highest tells how many there are.
type streamsTasks struct {
	partitions map[streamsTask]int
	bad        bool
}

// add takes in one member's assignment.
func (s *streamsTasks) add(assignment []byte) {
	if len(assignment) == 0 { // it has none yet
		return
	}
	w := wire{data: assignment}
	w.int16()
	for range w.count(6) {
		w.string()
		w.bytes(4 * w.count(4))
	}
	w.data = w.bytes(max(int(w.int32()), 0)) // the user data
	version := w.int32()
	if version >= streamsCommonVersion {
		w.int32()
	}
	if s.partitions == nil {
		s.partitions = map[streamsTask]int{}
	}
	for range w.count(8) {
		task := streamsTask{subtopology: w.int32()}
		partition := w.int32()
		if version >= streamsNamedVersion {
			task.topology = string(w.bytes(2 * w.count(2))) // UTF-16
		}
		if w.bad || task.subtopology < 0 || partition < 0 {
			break
		}
		s.partitions[task] = max(s.partitions[task], int(partition)+1)
	}
	s.bad = s.bad || w.bad || version < 1
}

// count is the number of tasks, 0 where it could not be read.
func (s *streamsTasks) count() int {
	n := 0
	for _, partitions := range s.partitions {
		n += partitions
	}
	if s.bad {
		return 0
	}
	return n
}

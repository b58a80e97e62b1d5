package plant

// assignment gives every partition of a group an owner among its members; unowned is for groups without members.
const unowned = -1

// slot is a partition as the assignors see it.
type slot struct {
	topic int // position among the group's topics
	owner int // member that has it now, or unowned
}

// assign distributes the slots over n members as the assignor does. Members are numbered in the order of their names.
func assign(assignor string, slots []slot, n int) []int {
	out := make([]int, len(slots))
	if n == 0 {
		for i := range out {
			out[i] = unowned
		}
		return out
	}
	switch assignor {
	case "range":
		assignRange(out, slots, n)
	case "roundrobin":
		for i := range out {
			out[i] = i % n
		}
	default:
		assignSticky(out, slots, n)
	}
	return out
}

// assignRange gives each member a contiguous range of every topic; the first members get the larger ones.
func assignRange(out []int, slots []slot, n int) {
	for from := 0; from < len(slots); {
		to := from
		for to < len(slots) && slots[to].topic == slots[from].topic {
			to++
		}
		count := to - from
		i := from
		for m := range n {
			size := count / n
			if m < count%n {
				size++
			}
			for range size {
				out[i] = m
				i++
			}
		}
		from = to
	}
}

// assignSticky leaves partitions where they are as far as balance allows.
func assignSticky(out []int, slots []slot, n int) {
	load := make([]int, n)
	low, extra := len(slots)/n, len(slots)%n
	for i, s := range slots {
		out[i] = unowned
		if s.owner == unowned {
			continue
		}
		limit := low
		if extra > 0 {
			limit++
		}
		if load[s.owner] >= limit {
			continue
		}
		out[i] = s.owner
		if load[s.owner]++; load[s.owner] == low+1 {
			extra--
		}
	}
	for i := range out {
		if out[i] != unowned {
			continue
		}
		least := 0
		for m := range load {
			if load[m] < load[least] {
				least = m
			}
		}
		out[i] = least
		load[least]++
	}
}

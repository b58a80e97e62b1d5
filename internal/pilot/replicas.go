package pilot

import "math"

// Client is what a description tells of where a member runs. Fields are empty where it does not.
type Client struct {
	// ID is the client.id. Consumers of one process have different ones; those of different pods may be the same.
	ID string
	// Host is the address that the broker saw.
	Host string
	// Process is the process id of a member of a streams group.
	Process string
}

// CountReplicas is the number of processes behind a group's members, 0 where the description does not tell. Members of
// one process share its id, or its host with different client ids; so many members of one host with one client id are so
// many processes (behind address translation all hosts look alike). A single host with different client ids tells
// nothing: it may be one process or many behind one address.
func CountReplicas(members []Client) int {
	processes := map[Client]bool{}       // those told by id
	hosts := map[string]map[string]int{} // members by host and client id
	for _, m := range members {
		switch {
		case m.Process != "":
			processes[Client{Process: m.Process}] = true
		case m.Host == "":
			return 0
		default:
			if hosts[m.Host] == nil {
				hosts[m.Host] = map[string]int{}
			}
			hosts[m.Host][m.ID]++
		}
	}
	n := len(processes)
	if len(hosts) == 1 && n == 0 {
		for _, ids := range hosts {
			if same := most(ids); same > 1 || len(ids) == 1 {
				return same
			}
			return 0
		}
	}
	for _, ids := range hosts {
		n += most(ids)
	}
	return n
}

// most is the greatest of the counts.
func most(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n = max(n, c)
	}
	return n
}

// tolerance of the HPA, within which it leaves the replicas as they are.
const tolerance = 0.1

// perReplica learns how many members a replica brings: only where pods are all alike, so not while some come or go.
func (p *Pilot) perReplica(o *Observation) {
	if n := o.Replicas; n > 0 && o.Stable && o.Members%n == 0 {
		p.ratio = float64(o.Members / n)
	}
}

// replicas turns a number of members into replicas. Where that is more than there are, and the HPA would not act upon
// it, it is the least that it acts upon: at 19 of 20 members one of them would hold two partitions for ever.
func (p *Pilot) replicas(o *Observation, k int) int {
	per := p.membersPerReplica()
	n := int(math.Ceil(float64(k)/per - 1e-9))
	have := math.Ceil(float64(o.Members)/per - 1e-9)
	if have >= 1 && float64(n) > have && float64(n) <= have*(1+tolerance) {
		return int(have*(1+tolerance)) + 1
	}
	return n
}

// membersPerReplica is how many members a replica brings.
func (p *Pilot) membersPerReplica() float64 {
	if p.opt.MembersPerReplica > 0 {
		return float64(p.opt.MembersPerReplica)
	}
	return max(1, p.ratio)
}

// whole is the number of members that the replicas for k of them bring: what is there when they are.
func (p *Pilot) whole(k int) int {
	per := p.membersPerReplica()
	return min(int(math.Ceil(float64(k)/per-1e-9)*per+0.5), max(k, maxMembers))
}

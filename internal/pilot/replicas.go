package pilot

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
func CountReplicas(members []Client) int { return 0 }

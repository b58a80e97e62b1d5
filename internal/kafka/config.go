package kafka

import (
	"context"
	"net"
	"regexp"
	"time"
)

// Config says which cluster is sampled and how.
type Config struct {
	// Brokers are the bootstrap addresses, host:port.
	Brokers []string
	// Version is the newest protocol version to speak, as Kafka writes it; empty negotiates.
	Version  string
	ClientID string
	Security Security
	// Dial opens the connections; nil dials TCP. Encryption and login are put on top of what it returns.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Interval is the distance of waves, MaxAge how long a value may be held.
	Interval, MaxAge time.Duration
	// WaveTimeout is how long one wave may take; 0 means 8/10 of Interval. A longer one suits intervals so short that a
	// busy machine cannot connect in them; waves that overrun follow each other without a pause.
	WaveTimeout time.Duration
	// RateWindow is how far back the producer rate of a partition seen for the first time is seeded.
	RateWindow time.Duration
	// MetadataRefresh, MembersRefresh and StartsRefresh space the requests that not every wave makes; 0 means the
	// defaults of 30 s, 60 s and 60 s.
	MetadataRefresh, MembersRefresh, StartsRefresh time.Duration

	// The filters; nil admits (or excludes) nothing in particular.
	TopicFilter, TopicExclude *regexp.Regexp
	GroupFilter, GroupExclude *regexp.Regexp
	// ReadCommitted names the groups whose lag is taken to the last stable offset; nil: none.
	ReadCommitted *regexp.Regexp
	// Expect lists groups with their topics that are published even while Kafka does not list them.
	Expect map[string][]string
	Shard  Shard
}

// Shard is one of Count equal parts of the groups and topics; Count 0 and 1 are the whole.
type Shard struct{ Index, Count int }

// Security is how connections to the brokers are encrypted and authenticated.
type Security struct {
	TLS  TLS
	SASL SASL
}

// TLS is the encryption of a connection and the client's certificate.
type TLS struct {
	Enabled            bool
	ServerName         string
	CAFile             string // empty: the system's roots
	CertFile, KeyFile  string // both or neither; the key may be PKCS#1, PKCS#8 or SEC 1 (EC)
	InsecureSkipVerify bool
}

// SASL is the authentication of a connection.
type SASL struct {
	Enabled   bool
	Handshake bool
	// Mechanism is plain, scram-sha256, scram-sha512, gssapi, awsiam or oauthbearer.
	Mechanism    string
	Username     string
	Password     string
	PasswordFile string // read again at every login

	OAuth    OAuth
	Kerberos Kerberos
	// AWSRegion is the region of an MSK cluster for awsiam.
	AWSRegion string
}

// OAuth is where OAUTHBEARER tokens come from: a token endpoint (client credentials: Username and Password of SASL are
// the client's), or a file that something else keeps fresh.
type OAuth struct {
	TokenURL  string
	TokenFile string
	Scopes    []string
	CAFile    string // for the token endpoint
}

// Kerberos holds the GSSAPI settings.
type Kerberos struct {
	ServiceName string
	ConfigPath  string
	Realm       string
	AuthType    string // keytabAuth or userAuth
	KeytabPath  string
	DisableFAST bool // PA-FX-FAST
}

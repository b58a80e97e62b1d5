// Package kafka starts real Apache Kafka clusters in KRaft mode on loopback, for tests and for the bench program, and
// stops them. It knows nothing of the exporter.
//
// In a test:
//
//	cluster := kafka.Start(t, kafka.Options{Brokers: 3})
//	addrs := cluster.Addrs(kafka.Plaintext)
//	out, err := cluster.Tool(ctx, "kafka-consumer-groups", "--describe", "--all-groups")
//	cluster.Broker(2).Kill()
//	err = cluster.Broker(2).Start(ctx)
//
// Outside of tests, or for a cluster that several tests share, New and Close do the same. The jars are fetched once by
// Maven into a cache folder (see Libraries); `go run ./test/kafka/fetch` does that ahead of time. Where Java or Maven
// is missing Start skips the test and names what is missing, with CI=true it fails.
//
// Every broker is also a controller. Besides PLAINTEXT, which needs no credentials and whose anonymous user is the
// super user where ACLs are on, the listeners are those of Options.Listeners. Topics are not created automatically.
package kafka

package kafka

import "time"

// Stats receives what the sampler counts about itself. Implementations are safe for concurrent use.
type Stats interface {
	// Request counts one request of an API (its name as in the Kafka protocol, e.g. OffsetFetch) to a broker.
	Request(api, broker string)
	// Failure counts one failed request, or one error code in an answer, with the error's short name as reason.
	Failure(api, broker, reason string)
	// WaveDone reports a wave: how long it took, and whether any broker answered.
	WaveDone(took time.Duration, up bool)
}

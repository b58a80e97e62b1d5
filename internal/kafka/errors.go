package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/kafka/auth"
)

// errPanic marks a panic that was caught while an answer was read.
var errPanic = errors.New("panic")

// errReconnecting is returned without waiting for a connection that failed and is being opened again.
var errReconnecting = errors.New("reconnecting")

// connectError says that a request was not sent because there is no connection.
type connectError struct{ err error }

func (e connectError) Error() string { return "connect: " + e.err.Error() }
func (e connectError) Unwrap() error { return e.err }

// unsentError says that a request was not sent because its time was over before its turn came. That tells nothing of the
// broker.
type unsentError struct{ err error }

func (e unsentError) Error() string { return "not sent: " + e.err.Error() }
func (e unsentError) Unwrap() error { return e.err }

// reason is the short name of an error: that of the protocol for an error code, else the kind of failure.
func reason(err error) string {
	var code sarama.KError
	if errors.As(err, &code) {
		return codeName(code)
	}
	switch {
	case errors.Is(err, sarama.ErrSASLAuthenticationFailed): // wraps the broker's words, not the code
		return codeName(sarama.ErrSASLAuthenticationFailed)
	case errors.Is(err, context.Canceled):
		return "canceled"
	case isTimeout(err):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection_refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, sarama.ErrNotConnected):
		return "connection_closed"
	case errors.Is(err, errReconnecting):
		return "reconnecting"
	case isWrongCluster(err):
		return "wrong_cluster"
	case errors.Is(err, errPanic):
		return "panic"
	}
	return structuredReason(err)
}

func structuredReason(err error) string {
	var (
		dns       *net.DNSError
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		alert     *net.OpError
		decoding  sarama.PacketDecodingError
		encoding  sarama.PacketEncodingError
		frame     frameError
	)
	switch {
	case errors.As(err, &dns):
		return "name_resolution"
	case errors.As(err, &verify), errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid),
		errors.As(err, &record), errors.As(err, &alert) && alert.Op == "remote error": // how crypto/tls names an alert
		return "tls"
	case auth.Reason(err) != "":
		return auth.Reason(err)
	case errors.As(err, &frame) && frame.first:
		return "not_kafka"
	case errors.As(err, &frame), errors.As(err, &decoding), errors.Is(err, sarama.ErrInsufficientData):
		return "decoding"
	case errors.As(err, &encoding):
		return "encoding"
	}
	return "other"
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &n) && n.Timeout()
}

// breaksConnection reports whether a connection cannot be used after an error: always, unless the request was refused
// before anything of it was sent.
func breaksConnection(err error) bool {
	var encoding sarama.PacketEncodingError
	return err != nil && !errors.Is(err, sarama.ErrUnsupportedVersion) && !errors.As(err, &encoding)
}

// codeName is an error code's name in the Kafka protocol.
func codeName(code sarama.KError) string {
	if name, ok := codeNames[code]; ok {
		return name
	}
	return fmt.Sprintf("ERROR_%d", int16(code))
}

var codeNames = map[sarama.KError]string{
	sarama.ErrUnknown:                         "UNKNOWN_SERVER_ERROR",
	sarama.ErrUnknownTopicOrPartition:         "UNKNOWN_TOPIC_OR_PARTITION",
	sarama.ErrLeaderNotAvailable:              "LEADER_NOT_AVAILABLE",
	sarama.ErrNotLeaderForPartition:           "NOT_LEADER_OR_FOLLOWER",
	sarama.ErrRequestTimedOut:                 "REQUEST_TIMED_OUT",
	sarama.ErrBrokerNotAvailable:              "BROKER_NOT_AVAILABLE",
	sarama.ErrReplicaNotAvailable:             "REPLICA_NOT_AVAILABLE",
	sarama.ErrNetworkException:                "NETWORK_EXCEPTION",
	sarama.ErrOffsetsLoadInProgress:           "COORDINATOR_LOAD_IN_PROGRESS",
	sarama.ErrConsumerCoordinatorNotAvailable: "COORDINATOR_NOT_AVAILABLE",
	sarama.ErrNotCoordinatorForConsumer:       "NOT_COORDINATOR",
	sarama.ErrInvalidTopic:                    "INVALID_TOPIC_EXCEPTION",
	sarama.ErrInvalidGroupId:                  "INVALID_GROUP_ID",
	sarama.ErrTopicAuthorizationFailed:        "TOPIC_AUTHORIZATION_FAILED",
	sarama.ErrGroupAuthorizationFailed:        "GROUP_AUTHORIZATION_FAILED",
	sarama.ErrClusterAuthorizationFailed:      "CLUSTER_AUTHORIZATION_FAILED",
	sarama.ErrInvalidTimestamp:                "INVALID_TIMESTAMP",
	sarama.ErrUnsupportedSASLMechanism:        "UNSUPPORTED_SASL_MECHANISM",
	sarama.ErrIllegalSASLState:                "ILLEGAL_SASL_STATE",
	sarama.ErrUnsupportedVersion:              "UNSUPPORTED_VERSION",
	sarama.ErrInvalidRequest:                  "INVALID_REQUEST",
	sarama.ErrUnsupportedForMessageFormat:     "UNSUPPORTED_FOR_MESSAGE_FORMAT",
	sarama.ErrKafkaStorageError:               "KAFKA_STORAGE_ERROR",
	sarama.ErrSASLAuthenticationFailed:        "SASL_AUTHENTICATION_FAILED",
	sarama.ErrGroupIDNotFound:                 "GROUP_ID_NOT_FOUND",
	sarama.ErrFencedLeaderEpoch:               "FENCED_LEADER_EPOCH",
	sarama.ErrUnknownLeaderEpoch:              "UNKNOWN_LEADER_EPOCH",
	sarama.ErrOffsetNotAvailable:              "OFFSET_NOT_AVAILABLE",
	sarama.ErrUnstableOffsetCommit:            "UNSTABLE_OFFSET_COMMIT",
	sarama.ErrThrottlingQuotaExceeded:         "THROTTLING_QUOTA_EXCEEDED",
}

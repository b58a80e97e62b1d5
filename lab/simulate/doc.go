// Package simulate replays a workload through the real scaling arithmetic: the world of lab/plant, the Prometheus of
// lab/monitor with the recording rules, and KEDA and the HPA from internal/scale. It binds candidates to their workload,
// runs them, measures what each does and says which is best. It talks to no Kafka, no Kubernetes and no server. What was
// recorded of a workload is lab/recording's, how results look lab/report's, the search for better set-ups lab/tune's.
package simulate

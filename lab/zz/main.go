package main
import "kafka_burndown_exporter/lab/promql"
func main(){ s:=promql.NewServer(promql.Options{}); _ = s.LoadRules("", nil); q,_ := s.Register("a"); q.At(0) }

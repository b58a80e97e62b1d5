package recording

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// server answers range queries as Prometheus does, from a function of the query and the time.
type server struct {
	value  func(query string, at time.Time) string // "" is a gap
	calls  []int                                   // points asked for
	shift  float64                                 // seconds that every time is off
	silent bool                                    // never answers
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sec := func(name string) float64 { v, _ := strconv.ParseFloat(r.FormValue(name), 64); return v }
	start, end, step := sec("start"), sec("end"), sec("step")
	points := int((end-start)/step) + 1
	if s.silent {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	s.calls = append(s.calls, points)
	if r.URL.Path != "/prom/api/v1/query_range" {
		http.Error(w, "<html>nothing here</html>", http.StatusNotFound)
		return
	}
	if points > 11_000 {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points per timeseries"}`)
		return
	}
	var values [][2]any
	for i := range points {
		at := start + float64(i)*step
		if v := s.value(r.FormValue("query"), time.UnixMilli(int64(at*1000))); v != "" {
			values = append(values, [2]any{at + s.shift, v})
		}
	}
	var result []any
	if len(values) > 0 {
		result = append(result, map[string]any{"metric": map[string]string{}, "values": values})
	}
	data := map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}}
	_ = json.NewEncoder(w).Encode(data)
}

func request(t *testing.T, s *server, length time.Duration) *Request {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	from := time.Unix(1_767_225_600, 0)
	u, err := ParseServer(srv.URL + "/prom/")
	if err != nil {
		t.Fatal(err)
	}
	return &Request{URL: u, Client: srv.Client(), Group: `g"1`, From: from, To: from.Add(length), Step: time.Minute}
}

func TestHistoryIsPagedAndGapsStayGaps(t *testing.T) {
	start := time.Unix(1_767_225_600, 0)
	s := &server{value: func(q string, at time.Time) string {
		switch minute := int(at.Sub(start).Minutes()); {
		case strings.Contains(q, "produced") && minute >= 100 && minute < 130:
			return ""
		case strings.Contains(q, "produced") && minute == 200:
			return "NaN"
		case strings.Contains(q, "produced"):
			return "120"
		case strings.Contains(q, "consumed"):
			return "90"
		case strings.Contains(q, "useful"):
			return "6"
		default:
			return "2"
		}
	}}
	req := request(t, s, 14*24*time.Hour)
	seen, total := 0, 0
	req.Progress = func(done, all int) { seen, total = done, all }
	h, err := Fetch(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.calls) != 15 || seen != 15 || total != 15 {
		t.Errorf("%d requests, progress %d of %d; want 3 pages of 5 series", len(s.calls), seen, total)
	}
	if n := len(h.Produced.Times); n != 14*24*60+1-31 {
		t.Errorf("%d points", n)
	}
	gaps := h.Produced.Gaps()
	if len(gaps) != 2 || gaps[0].From != 99*time.Minute || gaps[0].To != 130*time.Minute {
		t.Errorf("gaps: %v", gaps)
	}
	if v, known := h.Produced.At(110 * time.Minute); known || v != 120 {
		t.Errorf("in the gap: %v, known %v", v, known)
	}
}

func TestReplayLearnsWhatIsNotGiven(t *testing.T) {
	s := &server{value: func(q string, _ time.Time) string {
		switch {
		case strings.Contains(q, "produced"):
			return "120"
		case strings.Contains(q, "consumed"):
			return "90"
		case strings.Contains(q, "useful"):
			return "6"
		default:
			return "2"
		}
	}}
	h, err := Fetch(context.Background(), request(t, s, 2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	sc, err := Replay("r", h, Workload{Service: "s", Group: "g", Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	svc := &sc.Services[0]
	if sc.Topics[0].Partitions != 6 || svc.Capacity.PerPod != 45 || svc.Replicas.Initial != 2 {
		t.Errorf("%d partitions, capacity %v, %d replicas; want 6, 45, 2", sc.Topics[0].Partitions, svc.Capacity.PerPod, svc.Replicas.Initial)
	}
}

func TestHistoryErrorsSayWhatToDo(t *testing.T) {
	one := func(string, time.Time) string { return "1" }
	none := func(string, time.Time) string { return "" }
	cases := []struct {
		name   string
		s      *server
		change func(*Request)
		want   string
	}{
		{"nothing recorded", &server{value: none}, nil, "no producer rate of group"},
		{"wrong address", &server{value: one}, func(r *Request) { r.URL = r.URL.JoinPath("x") }, "is the URL right"},
		{"empty range", &server{value: one}, func(r *Request) { r.To = r.From }, "the range is empty"},
		{"too long", &server{value: one}, func(r *Request) { r.Step = time.Second; r.From = r.To.AddDate(-2, 0, 0) }, "take a longer step"},
		{"no number", &server{value: func(string, time.Time) string { return "many" }}, nil, `holds "many", which is not a number`},
		{"too large", &server{value: func(string, time.Time) string { return "1e308" }}, nil, `holds 1e+308: no Kafka has more`},
		{"out of range", &server{value: one, shift: 1e9}, nil, `outside of the range`},
		{"no time", &server{value: one, shift: 1e300}, nil, `not one in seconds`},
		{"silent", &server{value: one, silent: true}, func(r *Request) { r.Timeout = 50 * time.Millisecond }, `no answer within 50ms`},
		{"long words", &server{value: func(string, time.Time) string { return strings.Repeat("many ", 1_000) }}, nil, "…"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			req := request(t, c.s, time.Hour)
			if c.change != nil {
				c.change(req)
			}
			_, err := Fetch(context.Background(), req)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 500 {
				t.Errorf("error is %v, want %s", err, c.want)
			}
		})
	}
}

func TestReplayNamesTheMissingFlag(t *testing.T) {
	h := &History{}
	if _, err := Replay("x", h, Workload{}); err == nil || !strings.HasPrefix(err.Error(), "--partitions: ") {
		t.Errorf("error is %v", err)
	}
	if _, err := Replay("x", h, Workload{Partitions: 3}); err == nil || !strings.HasPrefix(err.Error(), "--capacity: ") {
		t.Errorf("error is %v", err)
	}
}

func FuzzDecodeMatrix(f *testing.F) {
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"values":[[1,"2"]]}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if points, err := decodeMatrix(body, "200 OK"); err != nil && (points != nil || strings.Contains(err.Error(), "\n")) {
			t.Fatalf("%v with %v", points, err)
		}
	})
}

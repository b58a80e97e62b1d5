package pilot

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw docs/images/pilot-*.svg anew")

// stories are what docs/concepts.md shows of the law.
var stories = map[string]struct {
	title string
	tell  func(w *world, s *story)
}{
	"load": {"The load rises and falls; the capacity is not known at first", func(w *world, s *story) {
		for _, rate := range []float64{300, 900, 1500, 900, 300} {
			w.produce(rate)
			s.run(w, 1200)
		}
	}},
	"halves": {"After half an hour every member does half of what it did, after an hour and a half all again", func(w *world, s *story) {
		w.pilot.Restore(State{Capacity: 100, Variance: 0.001, Best: 100})
		w.produce(700)
		s.run(w, 1800)
		w.capacity = func(int) float64 { return 50 }
		s.run(w, 3600)
		w.capacity = func(int) float64 { return 100 }
		s.run(w, 3600)
	}},
	"doubles": {"After half an hour every member can do twice as much; nobody is behind, so it is tried once an hour", func(w *world, s *story) {
		w.pilot.Restore(State{Capacity: 50, Variance: 0.001, Best: 50})
		w.capacity = func(int) float64 { return 50 }
		w.produce(700)
		s.run(w, 1800)
		w.capacity = func(int) float64 { return 100 }
		s.run(w, 5*3600)
	}},
	"differs": {"Pods do 70 to 130 messages/s", func(w *world, s *story) {
		w.capacity = func(m int) float64 { return []float64{70, 130, 100, 85, 115}[m%5] }
		for _, rate := range []float64{400, 1000, 400} {
			w.produce(rate)
			s.run(w, 1800)
		}
	}},
	"stuck": {"Its member cannot get past a message of one of twenty partitions, from minute 20 to 60", func(w *world, s *story) {
		w.pilot.Restore(State{Capacity: 100, Variance: 0.001, Best: 100})
		w.produce(500)
		s.run(w, 1200)
		w.frozen[3] = true
		s.run(w, 2400)
		delete(w.frozen, 3)
		s.run(w, 2400)
	}},
}

// TestStories draws them; a change of the law shows in the files.
func TestStories(t *testing.T) {
	for name, story := range stories {
		w := newWorld(t, 20, 300, 4, 100)
		w.follow = true
		s := &record{}
		story.tell(w, s)
		path := filepath.Join("..", "..", "docs", "images", "pilot-"+name+".svg")
		got := s.svg(story.title)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: the law asks for something else than %s shows; look at it, and draw it anew with -update", name, path)
		}
	}
}

type story = record

// record is what was asked for, wave by wave.
type record struct{ asked, needed, age []float64 }

func (s *record) run(w *world, seconds int) {
	for range seconds / w.wave {
		w.run(w.wave)
		sum := 0.0
		for _, r := range w.rates {
			sum += r
		}
		can := 0.0
		for m := range 20 {
			can += w.capacity(m) / 20
		}
		s.asked = append(s.asked, float64(w.asked))
		s.needed = append(s.needed, sum/can)
		s.age = append(s.age, w.behind())
	}
}

// svg draws replicas above and the age below.
func (s *record) svg(title string) string {
	const width, height = 760.0, 120.0
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 340" role="img" aria-label=%q font-family="sans-serif" font-size="12">`+"\n", title)
	b.WriteString(`<rect width="820" height="340" fill="white"/>` + "\n")
	fmt.Fprintf(&b, "<text x=\"40\" y=\"18\">%s</text>\n", title)
	panel := func(top, most float64, label string, step float64) {
		fmt.Fprintf(&b, "<text x=\"40\" y=\"%.0f\" fill=\"#555\">%s</text>\n", top-4, label)
		for v := 0.0; v <= most; v += step {
			y := top + height*(1-v/most)
			fmt.Fprintf(&b, `<line x1="40" x2="800" y1="%.1f" y2="%.1f" stroke="#e4e4e4"/><text x="34" y="%.1f" text-anchor="end">%g</text>`+"\n", y, y, y+4, v)
		}
	}
	line := func(v []float64, top, most float64, style string) {
		b.WriteString(`<polyline fill="none" ` + style + ` points="`)
		last := ""
		for i, x := range v {
			y := fmt.Sprintf("%.1f", top+height*(1-min(x, most)/most))
			if i > 0 && i < len(v)-1 && y == last && i+1 < len(v) && fmt.Sprintf("%.1f", top+height*(1-min(v[i+1], most)/most)) == y {
				continue
			}
			last = y
			fmt.Fprintf(&b, "%.1f,%s ", 40+width*float64(i)/float64(len(v)-1), y)
		}
		b.WriteString(`"/>` + "\n")
	}
	panel(44, 20, "replicas asked for (blue), load ÷ capacity (grey)", 5)
	line(s.needed, 44, 20, `stroke="#8a8a8a"`)
	line(s.asked, 44, 20, `stroke="#1f5fa8" stroke-width="1.6"`)
	panel(196, 120, "age of the oldest message that can be read, s; objective 60 s", 60)
	line(s.age, 196, 120, `stroke="#c85a00"`)
	for i := range 7 {
		seconds := float64(len(s.asked)) * 10
		fmt.Fprintf(&b, `<text x="%.0f" y="334" text-anchor="middle">%.0f min</text>`+"\n", 40+width*float64(i)/6, seconds*float64(i)/6/60)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

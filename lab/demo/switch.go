package demo

import (
	"fmt"
	"time"
)

// Choice is one position of the switch, as the page shows it.
type Choice struct {
	Candidate string `json:"candidate"`
	Label     string `json:"label"`
	On        bool   `json:"on"`
}

// Choices are the positions of the switch.
func (d *Demo) Choices() []Choice {
	now := d.current.Load()
	var out []Choice
	for _, s := range d.setups {
		out = append(out, Choice{Candidate: s.candidate.Name, Label: s.label, On: s == now})
	}
	return out
}

// Switch replaces the ScaledObjects of all services by those of a candidate, while everything goes on, and says so.
func (d *Demo) Switch(candidate string) (string, error) {
	d.switching.Lock()
	defer d.switching.Unlock()
	for _, s := range d.setups {
		if s.candidate.Name != candidate {
			continue
		}
		if d.current.Swap(s) == s {
			return "The services scale on " + s.label + " already", nil
		}
		now, replaced := time.Now(), 0
		for _, a := range d.autoscalers {
			if a.replace(now, s) {
				replaced++
			}
		}
		return fmt.Sprintf("The services scale on %s from now on: %s", s.label, counted(replaced, "ScaledObject")), nil
	}
	return "", fmt.Errorf("the switch has no candidate %q", candidate)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what + " changed"
	}
	return fmt.Sprintf("%d %ss changed", n, what)
}

// change says what an apply of a setup does to a service's ScaledObject; "" for nothing.
func change(before, after *scaler) string {
	switch {
	case before.same(after):
		return ""
	case before == nil:
		return "ScaledObject " + after.object.Name + " is created"
	case after == nil:
		return "ScaledObject " + before.object.Name + " is deleted"
	case before.object.Name != after.object.Name:
		return "ScaledObject " + before.object.Name + " is replaced by " + after.object.Name
	}
	return "ScaledObject " + after.object.Name + " and its HPA are replaced"
}

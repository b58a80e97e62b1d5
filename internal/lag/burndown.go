package lag

import "math"

// burndown is the expected wait of a message that arrives now, in seconds. rate is the consumer rate, not positive
// where nothing was consumed in the window or where it is not known; last is the rate at the last progress, 0 where
// none is known; behind is for how many ns there has been lag without progress, stalled whether that is too long.
func burndown(lag, rate, last float64, behind int64, stalled bool, opt *Options) float64 {
	switch {
	case lag <= 0:
		return 0
	case rate > 0:
		return min(lag/rate, opt.BurndownCap)
	case stalled:
		return opt.BurndownCap
	case last <= 0:
		return Absent
	case behind < int64(opt.RateWindow):
		return min(lag/last, opt.RateWindow.Seconds(), opt.BurndownCap)
	}
	return min(lag/last, opt.BurndownCap)
}

// isStalled judges lag without progress for behind ns, as of now. Where nobody is there who could commit, nobody needs
// to be waited for.
func (s *step) isStalled(behind, patience, now int64) bool {
	if s.unattended && !s.g.lone && min(behind, now-s.g.emptySince) >= int64(s.t.opt.StallWindow) {
		return true
	}
	return behind >= patience
}

// worst is a maximum that is unknown as soon as one value is, unless it has reached its bound.
type worst struct {
	value   float64
	unknown bool
}

func (w *worst) add(v float64) {
	if math.IsNaN(v) {
		w.unknown = true
	} else {
		w.value = max(w.value, v)
	}
}

func (w *worst) merge(o worst) {
	w.value = max(w.value, o.value)
	w.unknown = w.unknown || o.unknown
}

// get is the maximum; bound is the greatest value there can be.
func (w worst) get(bound float64) float64 {
	if w.unknown && w.value < bound {
		return Absent
	}
	return w.value
}

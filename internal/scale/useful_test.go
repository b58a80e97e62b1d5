package scale

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestUsefulReplicas(t *testing.T) {
	for _, c := range []struct {
		n    int
		r    float64
		want int
	}{
		{20, 0, 1}, {20, 1, 1}, {20, 1.01, 2}, {20, 5, 5}, {20, 5.1, 7}, {20, 6.1, 7}, {20, 7.1, 10}, {20, 10, 10},
		{20, 10.1, 20}, {20, 400, 20}, {1, 3, 1}, {7, 2, 3}, {6, 2.5, 3}, {0, 3, 0}, {-1, 3, 0}, {5, math.NaN(), 0},
		{20, math.Inf(1), 20},
	} {
		if got := UsefulReplicas(c.n, c.r); got != c.want {
			t.Errorf("UsefulReplicas(%d, %v) = %d, want %d", c.n, c.r, got, c.want)
		}
	}
}

func TestUsefulCounts(t *testing.T) {
	if got, want := UsefulCounts(20), []int{1, 2, 3, 4, 5, 7, 10, 20}; !slices.Equal(got, want) {
		t.Errorf("UsefulCounts(20) = %v, want %v", got, want)
	}
	if got := UsefulCounts(0); got != nil {
		t.Errorf("UsefulCounts(0) = %v, want none", got)
	}
	for n := 1; n <= 200; n++ {
		counts := UsefulCounts(n)
		for r := 1; r <= n; r++ {
			got := UsefulReplicas(n, float64(r))
			if !slices.Contains(counts, got) {
				t.Fatalf("n=%d r=%d: %d is not in %v", n, r, got, counts)
			}
			if (n+got-1)/got > (n+r-1)/r && got < r {
				t.Fatalf("n=%d r=%d: %d members carry more each", n, r, got)
			}
		}
	}
}

func TestRestsBelow(t *testing.T) {
	if got := RestsBelow(20, 0.1); got != 19 {
		t.Errorf("an ask of 20 rests at %d, want 19", got)
	}
	if got := RestsBelow(40, 0.1); got != 37 {
		t.Errorf("an ask of 40 rests at %d, want 37", got)
	}
	if got := RestsBelow(20, 0); got != 20 {
		t.Errorf("tolerance 0 rests at %d, want 20", got)
	}
}

func ExampleLog2x7() {
	for _, lag := range []float64{1, 5_000, 20_000, 300_000} {
		fmt.Printf("%.0f → %.1f\n", lag, Log2x7(lag, DefaultLog2x7Max))
	}
	// Output:
	// 1 → 0.0
	// 5000 → 86.0
	// 20000 → 100.0
	// 300000 → 127.4
}

func ExampleUsefulReplicas() {
	fmt.Println(UsefulReplicas(20, 6.1), UsefulReplicas(20, 11))
	// Output: 7 20
}

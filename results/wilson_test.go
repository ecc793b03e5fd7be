package results

import (
	"math"
	"testing"
)

// The values are published: R. G. Newcombe, "Two-sided confidence intervals for the single proportion"
// (Statistics in Medicine 17, 1998), table I, method 3.
func TestWilsonIsTheOneThatIsPublished(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
		{0, 0, 0, 1},
	} {
		low, high := Wilson(c.k, c.n)
		if math.Abs(low-c.low) > 0.00005 || math.Abs(high-c.high) > 0.00005 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.k, c.n, low, high, c.low, c.high)
		}
		// What was not seen is the rest.
		if below, above := Wilson(c.n-c.k, c.n); math.Abs(1-above-low) > 1e-12 || math.Abs(1-below-high) > 1e-12 {
			t.Errorf("%d of %d: %v to %v, and of the others %v to %v", c.k, c.n, low, high, below, above)
		}
	}
}

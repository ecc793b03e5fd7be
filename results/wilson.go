package results

import "math"

// Wilson is the 95 % interval of a rate that was seen as k of n, both ends from 0 to 1: the score interval of
// E. B. Wilson, "Probable inference" (J. Am. Stat. Assoc. 22, 1927). It says something also where all were
// seen, or none, which the rate plus and minus two standard errors does not. Of n = 0 it is all there can be.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959964 // 97.5 % of a normal distribution lie below
	rate, size := float64(k)/float64(n), float64(n)
	shrunk := 1 + z*z/size
	middle := (rate + z*z/(2*size)) / shrunk
	reach := z / shrunk * math.Sqrt(rate*(1-rate)/size+z*z/(4*size*size))
	return max(0, middle-reach), min(1, middle+reach)
}

//go:build !race

package linear

// histories is how many random ones the differential test compares.
const histories = 120_000

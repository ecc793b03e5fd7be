//go:build race

package linear

// histories is fewer under the race detector, which is there for the workers.
const histories = 12_000

//go:build race

package linear

// histories is fewer under the race detector, which looks at the workers; make test runs both.
const histories = 12_000

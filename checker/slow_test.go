//go:build race

package checker

// slowdown is about what the race detector costs.
const slowdown = 10

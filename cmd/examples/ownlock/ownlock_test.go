package main

import (
	"testing"

	"lockquake/harness/locktest"
)

func TestOwnLock(t *testing.T) {
	locktest.Run(t, Open, locktest.Fenced(), locktest.Parallel())
}

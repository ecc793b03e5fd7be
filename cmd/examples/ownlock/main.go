// Command ownlock is lockquake with a lock of one's own.
package main

import (
	"os"

	"lockquake/checker"
	"lockquake/cmd/cli"
)

func main() {
	c := cli.Builtin()
	c.AddStrategy("ownlock", "a key with a lease, and a watch", cli.Strategy{
		Open: Open, Fenced: true, Promise: checker.Promise{Calm: checker.Exclusive, Faults: checker.Fenced},
	})
	os.Exit(cli.Main(c, os.Args[1:]))
}

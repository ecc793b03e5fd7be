// Command lockquake shakes etcd locks and tells which ones held.
package main

import (
	"os"

	"lockquake/cmd/cli"
)

func main() { os.Exit(cli.Main(cli.Builtin(), os.Args[1:])) }

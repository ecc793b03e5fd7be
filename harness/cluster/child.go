package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// specVariable holds the spec of the member that a process is to be.
const specVariable = "LOCKQUAKE_MEMBER"

// errNotServed ends what would go on for ever: processes that are to be members, and start clusters of
// processes instead.
var errNotServed = errors.New("this process was started to be a member: its program must call cluster.ServeMember first thing")

// ServeMember turns a process that was started to be a member into it, and never returns then; in any
// other process it does nothing. A program whose clusters have members in processes of their own calls
// it first thing in main, and in TestMain: the members are more processes of the same executable.
//
// A member logs to its standard error, and lives until it is killed or its standard input ends, which
// its parent holds open.
func ServeMember() {
	if text, ok := os.LookupEnv(specVariable); ok {
		fmt.Fprintln(os.Stderr, serveMember(text))
		os.Exit(1)
	}
}

// serveMember returns when the member has failed, or was removed: it is otherwise killed.
func serveMember(text string) error {
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("%s: %w", specVariable, err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	server, err := startEmbedded(s, newLogger(os.Stderr))
	if err != nil {
		return err
	}
	<-server.Server.StopNotify()
	return server.Ended()
}

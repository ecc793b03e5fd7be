package cluster

// server is an etcd that runs: in this process, or in one of its own.
type server interface {
	// believes tells etcd's id of the member that it takes for the leader, 0 for nobody, and the term.
	// One that stands still does not run.
	believes() (leader, term uint64, running bool)
	// kill ends it as kill -9 would, and returns when nothing of it runs.
	kill()
	// ended says how it ended by itself, nil while it has not.
	ended() error
	// pause returns when it stands still, resume when it goes on.
	pause() error
	resume() error
}

package cluster

// Server is an etcd that runs: in this process, in one of its own, or on a Ground.
type Server interface {
	// Believes tells etcd's id of the member that it takes for the leader, 0 for nobody, and the term.
	// One that stands still does not run.
	Believes() (leader, term uint64, running bool)
	// Kill ends it as kill -9 would, and returns when nothing of it runs.
	Kill()
	// Ended says how it ended by itself, nil while it has not.
	Ended() error
	// Pause returns when it stands still, Resume when it goes on.
	Pause() error
	Resume() error
}

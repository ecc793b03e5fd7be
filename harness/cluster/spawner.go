package cluster

import (
	"os/exec"
	"runtime"
)

// Spawner starts processes that are to die with this one, all from one thread: the kernel tells a child of its parent's death when
// the thread ends that forked it, and the Go runtime ends threads as it likes. (PR_SET_PDEATHSIG)
type Spawner struct{ starts chan func() }

// NewSpawner gives one that has a thread of its own until Close.
func NewSpawner() *Spawner {
	s := &Spawner{starts: make(chan func())}
	go s.run()
	return s
}

func (s *Spawner) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for start := range s.starts {
		start()
	}
}

// Start starts a command whose SysProcAttr are ChildAttributes.
func (s *Spawner) Start(command *exec.Cmd) error {
	started := make(chan error)
	s.starts <- func() { started <- command.Start() }
	return <-started
}

// Close is for when all that was started has ended.
func (s *Spawner) Close() { close(s.starts) }

package cluster

import (
	"os/exec"
	"runtime"
)

// spawner starts processes, all from one thread: the kernel tells a child of its parent's death when
// the thread ends that forked it, and the Go runtime ends threads as it likes. (PR_SET_PDEATHSIG)
type spawner struct{ starts chan func() }

func newSpawner() *spawner {
	s := &spawner{starts: make(chan func())}
	go s.run()
	return s
}

func (s *spawner) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for start := range s.starts {
		start()
	}
}

func (s *spawner) start(command *exec.Cmd) error {
	started := make(chan error)
	s.starts <- func() { started <- command.Start() }
	return <-started
}

// close is for when all that was started has ended.
func (s *spawner) close() { close(s.starts) }

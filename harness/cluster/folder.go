package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// folderPrefix, a process id and a random number make the name of a cluster's folder.
const folderPrefix = "lockquake-"

// folder is a temporary folder that goes with its cluster, or, if its process is killed first, with the
// next cluster that starts.
type folder struct {
	path string
	lock *os.File // the folder itself, locked while its process lives
}

// newFolder makes one in a folder; empty: the system's.
func newFolder(in string) (*folder, error) {
	path, err := os.MkdirTemp(in, fmt.Sprintf("%s%d-*", folderPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("make a folder for the members: %w", err)
	}
	lock, err := lockFolder(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the members' folder: %w", err), os.RemoveAll(path))
	}
	return &folder{path: path, lock: lock}, nil
}

func (f *folder) remove() error {
	return errors.Join(os.RemoveAll(f.path), f.lock.Close())
}

// lockFolder fails when another open file holds the lock. A process that is killed holds none.
func lockFolder(path string) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// sweep removes the folders of processes that were killed before they could. What it cannot remove
// it leaves to the next sweep.
func sweep() {
	stale, err := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*-*"))
	if err != nil {
		return
	}
	for _, path := range stale {
		sweepOne(path)
	}
}

// sweepOne asks both the process id and the lock: between making and locking a folder only the id
// protects it, and in a container, where ids of others cannot be seen, only the lock does.
func sweepOne(path string) {
	var pid, random int
	if _, err := fmt.Sscanf(filepath.Base(path), folderPrefix+"%d-%d", &pid, &random); err != nil || alive(pid) {
		return
	}
	lock, err := lockFolder(path)
	if err != nil {
		return
	}
	defer func() { _ = lock.Close() }()
	_ = os.RemoveAll(path)
}

func alive(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

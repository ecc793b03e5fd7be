package cluster

import "fmt"

// maxSocketPath is the shortest limit of all systems: sun_path has 104 bytes on macOS and the BSDs, the
// last one zero, and 108 on Linux.
const maxSocketPath = 103

func checkSocketPath(path string) error {
	if len(path) > maxSocketPath {
		return fmt.Errorf("socket path %s has %d bytes, the system takes %d: set TMPDIR to a shorter folder",
			path, len(path), maxSocketPath)
	}
	return nil
}

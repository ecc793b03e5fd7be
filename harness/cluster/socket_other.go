//go:build !linux

package cluster

import (
	"fmt"
	"net/url"
	"path/filepath"
)

// maxSocketPath is the shortest limit of the systems that have path sockets only: sun_path has 104
// bytes on macOS and the BSDs, the last one zero.
const maxSocketPath = 103

// socketURL is a socket in the cluster's folder.
func socketURL(folder, name string) (url.URL, error) {
	path := filepath.Join(folder, name)
	if len(path) > maxSocketPath {
		return url.URL{}, fmt.Errorf("socket path %s has %d bytes, the system takes %d: set TMPDIR to a shorter folder",
			path, len(path), maxSocketPath)
	}
	return url.URL{Scheme: "unix", Path: path}, nil
}

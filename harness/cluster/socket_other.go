//go:build !linux

package cluster

import (
	"net/url"
	"path/filepath"
)

// socketURL is a socket in the cluster's folder.
func socketURL(folder, name string) (url.URL, error) {
	path := filepath.Join(folder, name)
	return url.URL{Scheme: "unix", Path: path}, checkSocketPath(path)
}

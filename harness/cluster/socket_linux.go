package cluster

import (
	"net/url"
	"path/filepath"
)

// socketURL is an abstract socket: no file is left, and it can be bound again at once. It is named
// after the cluster's folder, which is nobody else's.
func socketURL(folder, name string) (url.URL, error) {
	return url.URL{Scheme: "unix", Host: "@" + filepath.Base(folder) + "-" + name}, nil
}

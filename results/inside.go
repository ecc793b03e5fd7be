package results

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// All that is read of a run goes through here: a run may be somebody else's, and its files links to anywhere.

// inside gives the folder that reading must not leave, and the name in it of a file of the run.
func (r *Run) inside(name string) (*os.Root, string, error) {
	path, err := filepath.Rel(r.top, r.Path(name))
	if err != nil {
		return nil, "", err
	}
	root, err := os.OpenRoot(r.top)
	return root, path, err
}

// open opens a file of the run. What is no file is refused: to open a pipe would wait for whoever writes to it.
func (r *Run) open(name string) (file *os.File, err error) {
	root, path, err := r.inside(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if stat, err := root.Stat(path); err == nil && !stat.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", r.Path(name))
	}
	return root.Open(path)
}

func (r *Run) read(name string) ([]byte, error) {
	file, err := r.open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	return data, errors.Join(err, file.Close())
}

// entries are what is in a folder of the run.
func (r *Run) entries(name string) ([]fs.DirEntry, error) {
	root, path, err := r.inside(name)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(path))
	return entries, errors.Join(err, root.Close())
}

// name is that of a file of the cell within the run's folder.
func (c *Cell) name(file string) string { return filepath.Join("cells", c.Record().Folder, file) }

package scenario

import (
	"embed"
	"fmt"
	"os"
	"strings"
)

//go:embed named/*.yaml
var named embed.FS

// File is a scenario as its author wrote it.
type File struct {
	Name string
	Text []byte
}

// Named are the scenarios that lockquake comes with, those first that one tries first.
func Named() []File {
	var files []File
	for _, name := range []string{
		"calm", "holder", "lease-expiry", "partitions", "members", "maintenance", "everything", "jepsen-lock-set",
		"session-60s", "kubernetes-15s", "lease-10s",
	} {
		text, err := named.ReadFile("named/" + name + ".yaml")
		if err != nil {
			panic(fmt.Sprintf("scenario %s is not embedded: %v", name, err)) // a test has read them all
		}
		files = append(files, File{Name: name, Text: text})
	}
	return files
}

// Find reads the scenario of a name, or the file of a path.
func Find(name string, known Names) (Scenario, error) {
	var names []string
	for _, file := range Named() {
		if file.Name == name {
			return file.Parse(known)
		}
		names = append(names, file.Name)
	}
	text, err := os.ReadFile(name)
	switch {
	case err == nil:
		return Parse(name, text, known)
	case strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.ContainsAny(name, "/\\"):
		return Scenario{}, fmt.Errorf("read scenario: %w", err)
	}
	return Scenario{}, fmt.Errorf("there is no scenario %q: %s", name, meant(name, names, ""))
}

// Parse is Parse with the file's own name.
func (f File) Parse(known Names) (Scenario, error) { return Parse(f.Name+".yaml", f.Text, known) }

package cli

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lockquake/harness/scenario"
)

// yamlOfREADME are its blocks of YAML.
func yamlOfREADME(t *testing.T) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?s)\n```yaml\n(.*?)```\n").FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(found[1]))
	}
	return blocks
}

// What the README tells others to copy is YAML, and the scenarios in it are scenarios.
func TestYAMLOfTheREADMECanBeCopied(t *testing.T) {
	scenarios, others := 0, 0
	for _, block := range yamlOfREADME(t) {
		if regexp.MustCompile(`(?m)^faults:`).MatchString(block) {
			scenarios++
			if _, err := scenario.Parse("readme.yaml", []byte(block), Builtin().names()); err != nil {
				t.Error(err)
			}
			continue
		}
		others++
		var tree map[string]any
		if err := yaml.UnmarshalWithOptions([]byte(block), &tree, yaml.Strict()); err != nil || len(tree) < 3 {
			t.Errorf("%v in\n%s", err, block)
		}
	}
	if scenarios < 1 || others < 4 {
		t.Errorf("%d scenarios, and %d for GitHub, Kubernetes and Chaos Mesh", scenarios, others)
	}
}

// The Job of the README gives up on what is a verdict, and tries again only what is none.
func TestJobOfTheREADMEKeepsVerdicts(t *testing.T) {
	i := slices.IndexFunc(yamlOfREADME(t), func(block string) bool { return strings.Contains(block, "kind: Job") })
	if i < 0 {
		t.Fatal("there is no Job")
	}
	var job struct {
		Spec struct {
			PodFailurePolicy struct {
				Rules []struct {
					Action      string
					OnExitCodes struct {
						Operator string
						Values   []int
					} `yaml:"onExitCodes"`
				}
			} `yaml:"podFailurePolicy"`
		}
	}
	if err := yaml.Unmarshal([]byte(yamlOfREADME(t)[i]), &job); err != nil {
		t.Fatal(err)
	}
	final := []int{exitBroken, exitUnknown, exitThreshold, exitUsage, exitInterrupted}
	if got := fmt.Sprint(job.Spec.PodFailurePolicy.Rules[1]); got != fmt.Sprintf("{FailIndex {In %v}}", final) {
		t.Errorf("the rule for exit codes is %s, want to fail for %v", got, final)
	}
}

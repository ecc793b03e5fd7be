package virtual

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestThisEtcdCanBeTakenOffTheNetwork(t *testing.T) {
	if err := Check(); err != nil {
		t.Error(err)
	}
}

// Another etcd may have other names, or other things under the same ones.
func TestNamesThatAreMissingAreToldOf(t *testing.T) {
	type transport struct{ Stream *http.Transport }
	for name, want := range map[string]string{
		"pipelineRt": "virtual time needs etcd 3.7.3, whose unexported names it uses: virtual.transport has no pipelineRt",
		"Stream":     "Stream of virtual.transport is a *http.Transport, not a http.RoundTripper",
	} {
		err := field(reflect.TypeFor[transport](), reflect.TypeFor[http.RoundTripper](), name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

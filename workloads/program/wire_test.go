package program

import "testing"

// Whatever a program writes, it is an answer or a notice, or an error.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		`{"id":1,"ok":true,"token":"17","key":"k","lease":7}`, `{"id":2,"error":"no","definite":true}`,
		`{"event":"lost"}`, `{"event":"renew","lease":7,"ttl_ms":1000,"sent_unix_ms":5}`,
		``, `{}`, `{"id":null}`, `{"id":1}`, `{"id":1,"event":"lost"}`, `[`, `{"id":"x"}`, `{"id":1,"ok":true}{`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := parse(line)
		if err != nil {
			return
		}
		if answers := s.ID != nil; answers == (s.Event != "") || answers && s.OK == (s.err() != nil) {
			t.Errorf("%q is %+v", line, s)
		}
	})
}

package virtual

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Serve(func(request []byte, say func(any)) (Errand, error) {
		var what string
		if err := json.Unmarshal(request, &what); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error { return errands()[what](ctx, say) }, nil
	})
	os.Exit(m.Run())
}

// errands are what the processes that tests spawn do.
func errands() map[string]func(context.Context, func(any)) error {
	return map[string]func(context.Context, func(any)) error{
		"sleep": func(_ context.Context, say func(any)) error {
			began := time.Now()
			time.Sleep(24 * time.Hour)
			say(time.Since(began).String())
			return nil
		},
		"fail":  func(context.Context, func(any)) error { return errors.New("out of order") },
		"panic": func(context.Context, func(any)) error { panic("out of order") },
		"until it is told to stop": func(ctx context.Context, say func(any)) error {
			say("here")
			for ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			say("wound down")
			return nil
		},
		"spawn": func(ctx context.Context, _ func(any)) error { return Spawn(ctx, "sleep", nil) },
	}
}

// said gives what a process said, and how it ended. stop, said by it, ends its context.
func said(t *testing.T, what, stop string) (all string, err error) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = Spawn(ctx, what, func(line []byte) error {
		all += string(line)
		if stop != "" && strings.Contains(all, stop) {
			cancel()
		}
		return nil
	})
	return all, err
}

func TestProcessDoesItsErrandInVirtualTime(t *testing.T) {
	if all, err := said(t, "sleep", ""); all != `"24h0m0s"` || err != nil {
		t.Errorf("it says %s, error %v", all, err)
	}
}

func TestProcessWindsDownWhenItsContextEnds(t *testing.T) {
	if all, err := said(t, "until it is told to stop", "here"); all != `"here""wound down"` || err != nil {
		t.Errorf("it says %s, error %v", all, err)
	}
}

func TestProcessThatFailsSaysWhy(t *testing.T) {
	for what, want := range map[string]string{
		"fail":  "out of order",
		"panic": "the process for virtual time ended by itself: exit status 2\npanic: out of order",
		"spawn": "must call virtual.Serve first thing",
	} {
		if all, err := said(t, what, ""); all != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: it says %s, error %v, want %q", what, all, err, want)
		}
	}
}

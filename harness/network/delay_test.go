package network_test

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/network"
)

// These run in bubbles of virtual time, where arrivals are exact.

// letter is a byte or more that is sent, or arrives, at a time.
type letter struct {
	at   time.Duration
	text string
}

// sendAt sends each letter at its time.
func sendAt(conn net.Conn, letters ...letter) {
	start := time.Now()
	for _, l := range letters {
		time.Sleep(l.at - time.Since(start))
		_, _ = io.WriteString(conn, l.text)
	}
}

// arrivals reads letters until the stream ends, or a second passes without one.
func arrivals(conn net.Conn) (all []letter) {
	start, p := time.Now(), make([]byte, 1)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := conn.Read(p); err != nil {
			return all
		}
		all = append(all, letter{time.Since(start), string(p)})
	}
}

const ms = time.Millisecond

// rules are imposed at one time, and lifted at another (0: never).
type rules struct {
	network.Rule
	from, to time.Duration
}

func (r rules) on(l *network.Link) {
	time.Sleep(r.from)
	i := l.Impose(r.Rule)
	if r.to > 0 {
		time.Sleep(r.to - r.from)
		i.Lift()
	}
}

func TestArrivals(t *testing.T) {
	abc := []letter{{0, "a"}, {10 * ms, "b"}, {20 * ms, "c"}}
	delayed := func(d time.Duration) network.Rule { return network.Rule{Delay: d} }
	for name, c := range map[string]struct {
		rules []rules
		want  []letter
	}{
		"at once":                      {nil, abc},
		"delayed, all under way":       {[]rules{{Rule: delayed(100 * ms)}}, []letter{{100 * ms, "a"}, {110 * ms, "b"}, {120 * ms, "c"}}},
		"delays add up":                {[]rules{{Rule: delayed(100 * ms)}, {Rule: delayed(5 * ms)}}, []letter{{105 * ms, "a"}, {115 * ms, "b"}, {125 * ms, "c"}}},
		"delayed from the second on":   {[]rules{{Rule: delayed(100 * ms), from: 5 * ms}}, []letter{{0, "a"}, {110 * ms, "b"}, {120 * ms, "c"}}},
		"lifted, and none overtakes":   {[]rules{{Rule: delayed(15 * ms), to: 5 * ms}}, []letter{{15 * ms, "a"}, {15 * ms, "b"}, {20 * ms, "c"}}},
		"one lifted, the other stays":  {[]rules{{Rule: delayed(90 * ms)}, {Rule: delayed(5 * ms), to: 5 * ms}}, []letter{{95 * ms, "a"}, {100 * ms, "b"}, {110 * ms, "c"}}},
		"held":                         {[]rules{{Rule: network.Rule{Held: true}, to: 15 * ms}}, []letter{{15 * ms, "a"}, {15 * ms, "b"}, {20 * ms, "c"}}},
		"held for longer than delayed": {[]rules{{Rule: network.Rule{Held: true}, to: 35 * ms}, {Rule: delayed(20 * ms)}}, []letter{{35 * ms, "a"}, {35 * ms, "b"}, {40 * ms, "c"}}},
		"held until the last lets go":  {[]rules{{Rule: network.Rule{Held: true}, to: 35 * ms}, {Rule: network.Rule{Held: true}, to: 25 * ms}}, []letter{{35 * ms, "a"}, {35 * ms, "b"}, {35 * ms, "c"}}},
		"negative jitter is none":      {[]rules{{Rule: network.Rule{Delay: 100 * ms, Jitter: -ms}}}, []letter{{100 * ms, "a"}, {110 * ms, "b"}, {120 * ms, "c"}}},
	} {
		for _, direction := range []string{"out", "in"} {
			t.Run(name+", "+direction, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					near, far := net.Pipe()
					var faulted network.Link
					from, to := over(t, direction, near, far, &faulted)
					for _, r := range c.rules {
						go r.on(&faulted)
					}
					synctest.Wait()
					go sendAt(from, abc...)
					if got := arrivals(to); !slices.Equal(got, c.want) {
						t.Errorf("arrived %v, want %v", got, c.want)
					}
				})
			})
		}
	}
}

// over is a pipe whose bytes run over a link: those that are written to the wrapped end, or those that
// are read from it.
func over(t testing.TB, direction string, near, far net.Conn, l *network.Link) (from, to net.Conn) {
	if direction == "out" {
		return wrap(t, near, l, new(network.Link)), far
	}
	return far, wrap(t, near, new(network.Link), l)
}

func TestJitterComesFromItsSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rule := network.Rule{Delay: 50 * ms, Jitter: 10 * ms, Seed: 1}
		first, again := jittered(t, rule), jittered(t, rule)
		rule.Seed = 2
		other := jittered(t, rule)
		if !slices.Equal(first, again) {
			t.Errorf("one seed, different arrivals:\n%v\n%v", first, again)
		}
		if slices.Equal(first, other) {
			t.Errorf("different seeds, the same arrivals: %v", first)
		}
		early, late := false, false
		for i, l := range first {
			strayed := l.at - time.Duration(i)*20*ms - 50*ms // letters are so far apart that none waits for another
			if strayed < -10*ms || strayed > 10*ms {
				t.Errorf("letter %d strayed by %v", i, strayed)
			}
			early, late = early || strayed < -5*ms, late || strayed > 5*ms
		}
		if !early || !late {
			t.Errorf("all letters strayed to one side, or little: %v", first)
		}
	})
}

func jittered(t testing.TB, r network.Rule) []letter {
	near, far := net.Pipe()
	var out network.Link
	conn := wrap(t, near, &out, new(network.Link))
	out.Impose(r)
	letters := make([]letter, 20)
	for i := range letters {
		letters[i] = letter{time.Duration(i) * 20 * ms, string('a' + rune(i))}
	}
	go sendAt(conn, letters...)
	return arrivals(far)
}

// What jitter would let overtake arrives together with what it would have overtaken.
func TestJitterKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var out network.Link
		conn := wrap(t, near, &out, new(network.Link))
		out.Impose(network.Rule{Jitter: time.Second})
		for i := range 256 {
			send(t, conn, string([]byte{byte(i)}))
		}
		got := make([]byte, 256)
		if _, err := io.ReadFull(far, got); err != nil || !slices.IsSorted(got) {
			t.Errorf("arrived %v, %v", got, err)
		}
	})
}

func TestDelayedReadMeetsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var in network.Link
		conn := wrap(t, near, new(network.Link), &in)
		delayed := delay(&in, 100*ms)
		start := time.Now()
		go sendAt(far, letter{0, "abc"})
		_ = conn.SetReadDeadline(time.Now().Add(50 * ms))
		if n, err := conn.Read(make([]byte, 8)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 50*ms {
			t.Errorf("read %d bytes, %v after %v", n, err, time.Since(start))
		}
		_ = conn.SetReadDeadline(time.Time{})
		expect(t, conn, "a") // the others have come, too
		expect(t, conn, "bc")
		if took := time.Since(start); took != 100*ms {
			t.Errorf("arrived after %v, want 100ms", took)
		}
		if got, want := delayed.Lift(), (network.Toll{Delayed: 3}); got != want {
			t.Errorf("lifted %+v, want %+v", got, want)
		}
	})
}

func TestDelayedEndComesAfterTheBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var out network.Link
		conn := wrap(t, near, &out, new(network.Link))
		delay(&out, 100*ms)
		start := time.Now()
		send(t, conn, "last words")
		go func() { _ = conn.CloseWrite() }()
		got, err := io.ReadAll(far)
		if err != nil || string(got) != "last words" || time.Since(start) != 100*ms {
			t.Errorf("read %q, %v after %v", got, err, time.Since(start))
		}
	})
}

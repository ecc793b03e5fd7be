package network_test

import (
	"io"
	"net"
	"testing"
	"time"

	"lockquake/harness/network"
)

// BenchmarkEcho is a round trip of 64 bytes, bare and over two links that pass: the difference is what
// links cost a client.
func BenchmarkEcho(b *testing.B) {
	b.Run("bare", func(b *testing.B) { roundTrips(b, dial(b, echo(b))) })
	b.Run("linked", func(b *testing.B) {
		roundTrips(b, network.Wrap(dial(b, echo(b)), new(network.Link), new(network.Link)))
	})
}

func roundTrips(b *testing.B, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	b.ReportAllocs()
	message := make([]byte, 64)
	for b.Loop() {
		if _, err := conn.Write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStream carries 32 MiB in each direction in turn over links that pass, and over links that
// delay by 5 ms. "of-undelayed" is the delayed share of the other's bandwidth. A copy that slept would have 1024 parts to
// sleep for: 5 s.
func BenchmarkStream(b *testing.B) {
	var out, in network.Link
	var passed, delayed time.Duration
	for b.Loop() {
		passed += stream(b, &out, &in)
		there, back := delay(&out, 5*time.Millisecond), delay(&in, 5*time.Millisecond)
		delayed += stream(b, &out, &in)
		there.Lift()
		back.Lift()
	}
	b.ReportMetric(passed.Seconds()/delayed.Seconds(), "of-undelayed")
	b.ReportMetric(float64(b.N)*2*streamed/1e6/delayed.Seconds(), "delayed-MB/s")
}

const streamed = 32 << 20

func stream(b *testing.B, out, in *network.Link) time.Duration {
	near, far := pair(b, out, in)
	defer func() { _, _ = near.Close(), far.Close() }()
	start := time.Now()
	for _, ends := range [][2]net.Conn{{near, far}, {far, near}} {
		go fill(ends[0])
		if _, err := io.CopyN(io.Discard, ends[1], streamed); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

func fill(conn net.Conn) {
	part := make([]byte, 32<<10)
	for range streamed / len(part) {
		if _, err := conn.Write(part); err != nil {
			return // the reader will tell
		}
	}
}

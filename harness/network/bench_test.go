package network_test

import (
	"io"
	"net"
	"testing"

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

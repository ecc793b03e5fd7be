package edn

import (
	"strings"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	const pairs = 50_000
	file := strings.Repeat(`{:type :invoke, :f :acquire, :value nil, :process 0, :time 3291485317}
{:type :ok, :f :acquire, :value 12, :process 0, :time 3291485317}
{:type :invoke, :f :release, :value nil, :process 0, :time 3291485317}
{:type :ok, :f :release, :value nil, :process 0, :time 3291485317}
`, pairs)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(strings.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4/pairs, "ns/line")
}
